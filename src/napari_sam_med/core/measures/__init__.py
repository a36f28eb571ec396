"""What is measured of masks, outlines and intensities."""
