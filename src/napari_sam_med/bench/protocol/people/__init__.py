"""Prompts as people set them, asked of any model."""
