"""The command line: one module in ``commands`` for each command.

Errors that this package raises become one sentence and status 2 in ``main``; nothing
else here decides what happens to them.
"""
