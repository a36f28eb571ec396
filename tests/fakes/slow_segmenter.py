"""A segmenter that takes its time, for what happens meanwhile."""

import time

from fakes.fake_segmenter import FakeSegmenter


class SlowSegmenter(FakeSegmenter):
    """Takes a third of a second for an embedding."""

    def embed(self, image):
        time.sleep(0.3)
        return super().embed(image)
