"""Lines that are drawn on the canvas: scribbles and lassos."""
