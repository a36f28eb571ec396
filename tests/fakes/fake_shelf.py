"""Models for the dock that need no weights."""

from __future__ import annotations

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.errors import CheckpointError
from napari_sam_med.gui.model_shelf import ModelShelf
from napari_sam_med.gui.views.options import Option

NAMES = ("fake", "box_only", "missing")


def fake_shelf(model: FakeSegmenter | None = None) -> ModelShelf:
    """Offer ``model`` as ``fake``, one that knows only boxes, and one without file."""
    box_only = FakeSegmenter(
        name="box_only", n_candidates=1, capabilities=Capabilities(points=False)
    )
    models = {"fake": model or FakeSegmenter(), "box_only": box_only}

    def load(name, weights):
        if name not in models:
            msg = f"{name} has no weights file; give its path"
            raise CheckpointError(msg)
        return models[name]

    return ModelShelf(tuple(Option(name, name) for name in NAMES), "fake", load)
