"""Models for the dock that need no weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.errors import CheckpointError
from napari_sam_med.gui.shared.widgets.options import Option
from napari_sam_med.session.background.model_service import ModelSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_sam_med.gui.shared.widgets.weights_panel import MissingWeights

NAMES = ("fake", "box_only", "clicks_only", "missing")


class FakeShelf:
    """``model`` as ``fake``, one for boxes, one for clicks, and one without file."""

    default = "fake"

    def __init__(self, model: FakeSegmenter | None = None) -> None:
        boxes, clicks = Capabilities(points=False), Capabilities(boxes=False)
        self._models = {
            "fake": model or FakeSegmenter(),
            "box_only": FakeSegmenter(name="box_only", capabilities=boxes),
            "clicks_only": FakeSegmenter(name="clicks_only", capabilities=clicks),
        }

    def options(
        self, chosen: str = "", weights: Path | None = None
    ) -> tuple[Option, ...]:
        return tuple(Option(name, name) for name in NAMES)

    def missing(self, name: str) -> MissingWeights | None:
        return None

    def source(self, name: str, weights: Path | None) -> ModelSource:
        return ModelSource(name, lambda: self._load(name))

    def _load(self, name: str) -> FakeSegmenter:
        if name not in self._models:
            msg = f"{name} has no weights file; give its path"
            raise CheckpointError(msg)
        return self._models[name]

    def download(
        self,
        name: str,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> None:
        msg = f"{name} is nowhere to be had"
        raise CheckpointError(msg)

    def import_file(self, name: str, file: Path) -> None:
        msg = f"{file} is not a file of {name}"
        raise CheckpointError(msg)
