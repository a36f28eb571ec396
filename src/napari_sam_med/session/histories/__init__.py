"""Undo and redo: each image has its own, and what is said of objects is shared."""
