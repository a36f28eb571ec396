"""What is drawn by hand on a slice, as what models take: points, outlines, logits."""
