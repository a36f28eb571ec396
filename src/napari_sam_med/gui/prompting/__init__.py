"""Dock "SAM Prompts": prompts in, candidates shown, masks accepted."""
