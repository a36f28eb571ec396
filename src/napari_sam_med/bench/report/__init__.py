"""A run, or several, as one page: its tables, its figures, and the warnings."""
