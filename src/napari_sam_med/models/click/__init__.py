"""What the click models share: click maps, zoom, mirror, predictor, ``Segmenter``."""
