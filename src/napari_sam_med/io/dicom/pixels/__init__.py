"""Pixels of DICOM files: how they are stored, decoded, and what their values mean."""
