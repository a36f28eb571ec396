"""Documents and text in files: written whole, read with a bound, shown safely."""
