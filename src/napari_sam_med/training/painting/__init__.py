"""Synthetic scenes: what is painted, and how it is exposed."""
