"""Runs on disk as the viewer shows them: their rows, and the volume of a case."""
