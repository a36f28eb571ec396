"""Never losing work: autosave while it goes on, and sessions saved and opened."""
