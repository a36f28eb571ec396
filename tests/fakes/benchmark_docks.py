"""What tests of the benchmark dock share: a phantom, models with a gate, a desktop."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QSettings

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.core.ports import Capabilities
from napari_sam_med.gui.benchmark import build_benchmark_dock
from napari_sam_med.gui.benchmark.model_offers import Offer
from napari_sam_med.gui.benchmark.result_actions import Desktop
from napari_sam_med.gui.benchmark.views.benchmark_values import (
    BenchmarkForm,
    ModelValue,
)
from napari_sam_med.session.background.model_service import ModelSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.gui.benchmark.views.benchmark_view import BenchmarkView
    from napari_sam_med.session.background.services import Services

SHAPE = (5, 20, 30)
SCALE = (5.0, 0.8, 0.8)
N_CASES = 4
GATE_S = 60.0


def phantom() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """A bright block on three slices, and another beside it on the middle one."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1:4, 6:12, 4:10] = 1
    labels[2, 7:10, 20:25] = 2
    return np.where(labels > 0, 200.0, 40.0).astype(np.float32), labels


def add_phantom(viewer: Any) -> None:
    """Add the phantom as the layers ``ct`` and ``ct_labels``."""
    image, labels = phantom()
    viewer.add_image(image, name="ct", scale=SCALE)
    metadata = {"label_names": {1: "liver", 2: "spleen"}}
    viewer.add_labels(labels, name="ct_labels", scale=SCALE, metadata=metadata)


def offer(name: str = "fake", **arguments: Any) -> Offer:
    """A fake model of that name."""
    load = partial(FakeSegmenter, name=name, **arguments)
    return Offer(ModelValue(name), ModelSource(name, load))


def offer_for(prompts: Sequence[str], name: str, **able: bool) -> Offer:
    """A fake model whose card says that it takes only some kinds of prompt."""
    load = partial(FakeSegmenter, name=name, capabilities=Capabilities(**able))
    source = ModelSource(name, load)
    return Offer(ModelValue(name), source, {"prompts": tuple(prompts)})


def offer_of(model: FakeSegmenter) -> Offer:
    """This very model."""
    return Offer(ModelValue(model.name), ModelSource(model.name, lambda: model))


class GatedSegmenter(FakeSegmenter):
    """Stops at its second slice until the gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.gate = threading.Event(), threading.Event()

    def embed(self, image: npt.NDArray[np.uint8]) -> Embedding:
        if self.n_embed == 1:
            self.reached.set()
            self.gate.wait(GATE_S)
        return super().embed(image)


class FakeDesktop:
    """Answers the save dialog and remembers what was opened."""

    def __init__(self) -> None:
        self.csv_path = ""
        self.run_folder = ""
        self.opened: list[Path] = []

    def ask(self, parent: QWidget) -> str:
        return self.csv_path

    def ask_folder(self, parent: QWidget) -> str:
        return self.run_folder

    def as_desktop(self) -> Desktop:
        return Desktop(self.ask, self.opened.append, self.ask_folder)


def build_dock(
    viewer: Any,
    folder: Path,
    offers: Sequence[Offer],
    desktop: FakeDesktop,
    form: BenchmarkForm,
    services: Services | None = None,
) -> BenchmarkView:
    """Build the dock over the phantom; ``folder`` takes its settings."""
    add_phantom(viewer)
    settings = QSettings(str(folder / "docks.ini"), QSettings.Format.IniFormat)
    view = build_benchmark_dock(
        viewer,
        offers=offers,
        settings=settings,
        desktop=desktop.as_desktop(),
        services=services,
    )
    view.setup.set_form(form)
    return view
