"""The command line: one module a command, imported when it is called.

Errors that this package raises become one sentence and status 2 in ``main``; nothing
else here decides what happens to them.
"""
