"""Labelled volumes: what they are, where they come from, which of them are taken."""
