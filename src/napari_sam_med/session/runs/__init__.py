"""What the session has done in the background, and how far it is."""
