"""Widgets: signals out, setters in; they know values and nothing of sessions."""
