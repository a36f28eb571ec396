"""Propagation in the viewer: what is asked, the preview, and how it is written."""
