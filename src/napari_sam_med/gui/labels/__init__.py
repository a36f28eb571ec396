"""Masks and Labels layers: into them, out of them, and into files."""
