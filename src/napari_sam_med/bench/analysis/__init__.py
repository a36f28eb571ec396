"""From rows to numbers: one table of pandas in, another one out."""
