"""A segmenter that is as slow as a test wants, whatever else the machine does."""

import threading

from fakes.fake_segmenter import FakeSegmenter

HELD_S = 60
"""A test that forgot to let it go on ends after that."""


class HeldSegmenter(FakeSegmenter):
    """Embeds, and answers prompts, only while it may.

    ``is_embedding`` is set once it was asked to embed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.may_embed, self.may_answer = threading.Event(), threading.Event()
        self.is_embedding = threading.Event()
        self.may_embed.set()
        self.may_answer.set()

    def embed(self, image):
        self.is_embedding.set()
        assert self.may_embed.wait(HELD_S)
        return super().embed(image)

    def predict(self, embedding, prompts):
        assert self.may_answer.wait(HELD_S)
        return super().predict(embedding, prompts)
