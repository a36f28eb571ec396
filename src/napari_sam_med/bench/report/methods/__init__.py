"""Parts of the paragraph on the methods."""
