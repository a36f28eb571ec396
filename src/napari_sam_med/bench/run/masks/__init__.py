"""Masks of a stored run, predicted once more from its stored prompts."""
