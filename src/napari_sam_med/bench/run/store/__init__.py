"""What a run leaves in its folder: rows, manifest, and who may write them."""
