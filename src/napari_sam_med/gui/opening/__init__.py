"""Opening files and samples as layers."""
