"""Widgets and forms that both docks are built with; they know values only."""
