"""Everything that writes images, labels and tables to files."""
