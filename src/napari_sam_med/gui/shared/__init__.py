"""What both docks are built with."""
