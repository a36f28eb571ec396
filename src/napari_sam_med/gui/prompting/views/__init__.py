"""Widgets of "SAM Prompts": signals out, setters in; they know values, not sessions."""
