"""Segmenters round another segmenter: more views, crops, late clicks merged."""
