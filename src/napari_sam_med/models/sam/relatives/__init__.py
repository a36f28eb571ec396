"""SAM's relatives: the same procedure, networks changed by their authors."""
