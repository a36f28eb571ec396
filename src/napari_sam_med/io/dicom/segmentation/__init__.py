"""DICOM segmentations (SEG): read as labels, and written."""
