"""A small real Segmenter that keeps features and has weights with a hash."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fakes.fake_segmenter import FakeSegmenter


class NetworkLike(FakeSegmenter):
    """Its features are the image, times ``scale``."""

    def __init__(self, sha256: str = "aa" * 32, scale: float = 1 / 3) -> None:
        super().__init__(sha256=sha256)
        self.scale = np.float32(scale)

    def embed(self, image):
        features = (image.astype(np.float32) * self.scale,)
        return replace(super().embed(image), features=features)
