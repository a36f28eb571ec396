"""Lines of the dock "SAM Prompts": what is prompted, with what, and how it stands."""
