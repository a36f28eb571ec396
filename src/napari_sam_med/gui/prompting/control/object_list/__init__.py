"""The objects of a Labels layer: a table of them, and what is done to whole objects."""
