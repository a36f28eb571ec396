"""How an image is looked at: views and their letters, windows, values."""
