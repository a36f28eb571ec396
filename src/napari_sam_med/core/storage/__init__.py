"""Documents and text in files: written whole, read with a bound, shown safely.

``run_lock`` keeps a second process out of a folder that one writes into.
"""
