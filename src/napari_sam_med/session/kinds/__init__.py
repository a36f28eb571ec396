"""Kinds of prompts beyond points and one box: lines, several boxes, starting masks."""
