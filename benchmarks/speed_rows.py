"""What ``speed.py`` compares: each row makes ready two actions that do the same."""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from segment_anything import SamPredictor

from napari_sam_med.bench.data.labelled_volumes import InMemory, LabelledVolume
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.volumes import Volume
from napari_sam_med.models import load_model
from napari_sam_med.models.sam.sam_architecture import build_sam, filled
from napari_sam_med.models.sam.sam_segmenter import SamSegmenter
from napari_sam_med.models.weights.stand_ins import stand_in_tensor
from napari_sam_med.samples import ct_abdomen

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam_med.core.ports import Segmenter

N_PROMPTS = 32
N_SLICES = 50
N_GPU_SLICES = 200
N_CLICKS = 9
STUDY = Path(__file__).parents[1] / "tests" / "fakes" / "released_procedure.py"
GROWTH = 10
FEW_SLICES = 30


@dataclass(frozen=True, slots=True)
class Actions:
    """Ours and the reference, and how far their answers agree once both have run."""

    ours: Callable[[], object]
    reference: Callable[[], object]
    agreement: Callable[[], dict[str, Any]] = dict


@dataclass(frozen=True, slots=True)
class Comparison:
    """A row: what is compared with what, and how often in a round."""

    name: str
    what: str
    against: str
    target: str
    prepare: Callable[[], Actions]
    repeats: int = 1


def cpu_rows() -> list[Comparison]:
    """Rows that need no GPU."""
    return [
        Comparison(
            "embed", "embed, ViT-B, float32", "set_image", ">= 2 x",
            partial(_embed, "fp32"),
        ),
        Comparison(
            "auto", "embed, ViT-B, auto", "set_image, float32", ">= 4 x with bf16",
            partial(_embed, "auto"),
        ),
        Comparison("predict", "predict, ViT-B", "predict", ">= 1 x", _predict, 10),
        Comparison(
            "many", f"{N_PROMPTS} points together, ViT-B", f"{N_PROMPTS} predict",
            ">= 6 x", _predict_many,
        ),
        Comparison(
            "study", f"five modes, {N_CLICKS} clicks, nano, {N_SLICES} slices",
            "the study's script", ">= 4 x", partial(_study, "nano"),
        ),
        Comparison(
            "growth", f"a slice of {FEW_SLICES * GROWTH}, ellipse, kept on disk",
            f"a slice of {FEW_SLICES}", ">= .9 x", _growth,
        ),
    ]  # fmt: skip


def gpu_rows() -> list[Comparison]:
    """Rows that need a GPU."""
    return [
        Comparison(
            "gpu-embed", "embed_many, ViT-H, auto", "set_image, float32", ">= 8 x",
            partial(_embed_many_on_gpu, "vit_h", 16),
        ),
        Comparison(
            "gpu-predict", "predict, ViT-B", "predict", ">= 1 x",
            partial(_predict, "cuda"), 10,
        ),
        Comparison(
            "gpu-slices", f"embed_many, ViT-B, auto, {N_GPU_SLICES} slices",
            "one by one", ">= 3 x", partial(_many_or_one_on_gpu, "vit_b"),
        ),
        Comparison(
            "gpu-study", f"five modes, {N_CLICKS} clicks, ViT-H, auto",
            "the study's script", ">= 10 x", partial(_study, "vit_h"),
        ),
    ]  # fmt: skip


@cache
def placeholder(
    size: str, precision: str = "fp32", device: str = "cpu"
) -> SamSegmenter:
    """Build SAM with weights drawn from the names of its tensors."""
    with torch.device("meta"):
        shapes = build_sam(size).state_dict()
    state = {
        name: stand_in_tensor(name, tuple(value.shape), "float32")
        for name, value in shapes.items()
    }
    sam = filled(partial(build_sam, size), state, name=size)
    return SamSegmenter(sam, name=size, device=device, precision=precision)


def picture() -> np.ndarray:
    """(256, 320) uint8: a slice of the abdominal phantom."""
    return _phantom_slices(1)[0][1]


def _phantom_slices(count: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, image and mask (0 or 255) of slices with something in them."""
    sample = ct_abdomen()
    scaled = np.clip((sample.volume.array + 160.0) / 400 * 255, 0, 255)
    full = [k for k, labels in enumerate(sample.labels) if labels.any()]
    chosen = [(n, full[n % len(full)], n // len(full)) for n in range(count)]
    return [
        (
            f"s{n:03d}",
            np.roll(scaled[k], 3 * turn, axis=1).astype(np.uint8),
            np.roll(sample.labels[k] > 0, 3 * turn, axis=1) * np.uint8(255),
        )
        for n, k, turn in chosen
    ]


def _embed(precision: str) -> Actions:
    plain, model = placeholder("vit_b"), placeholder("vit_b", precision)
    predictor = SamPredictor(plain.sam)
    image = picture()
    rgb = np.repeat(image[..., None], 3, axis=2)

    def agreement() -> dict[str, Any]:
        ours, theirs = model.embed(image).features[0], predictor.features[0].numpy()
        return {
            "difference": float(np.abs(ours - theirs).max()),
            **_cosine(ours, theirs),
        }

    return Actions(
        lambda: model.embed(image), lambda: predictor.set_image(rgb), agreement
    )


def _cosine(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    product = float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))
    return {"cosine": round(product, 6)}


def _predict(device: str = "cpu") -> Actions:
    model = placeholder("vit_b", device=device)
    predictor, embedding = _prepared(model)
    prompts = Prompts([(100, 120)], [1])

    def reference() -> Any:
        return predictor.predict(np.array([[120, 100]]), np.array([1]))

    def agreement() -> dict[str, Any]:
        masks = model.predict(embedding, prompts).masks
        return {"same": bool((masks == reference()[0]).all())}

    return Actions(lambda: model.predict(embedding, prompts), reference, agreement)


def _predict_many() -> Actions:
    model = placeholder("vit_b")
    predictor, embedding = _prepared(model)
    rng = np.random.default_rng(0)
    points = rng.integers(0, embedding.shape_hw, (N_PROMPTS, 2))
    prompts = [Prompts([point], [1]) for point in points]

    def reference() -> list[Any]:
        return [predictor.predict(p[None, ::-1], np.array([1])) for p in points]

    def agreement() -> dict[str, Any]:
        found = model.predict_many(embedding, prompts)
        pairs = zip(found, reference(), strict=True)
        return {
            "difference": float(max(np.abs(a.logits - b[2]).max() for a, b in pairs))
        }

    return Actions(lambda: model.predict_many(embedding, prompts), reference, agreement)


def _prepared(model: SamSegmenter) -> tuple[SamPredictor, Any]:
    image, predictor = picture(), SamPredictor(model.sam)
    predictor.set_image(np.repeat(image[..., None], 3, axis=2))
    embedding = model.embed(image)
    predictor.features = torch.as_tensor(embedding.features[0], device=model.device)[
        None
    ]
    return predictor, embedding


def _study(name: str) -> Actions:
    """The study's three scripts against one run of ours by its rules.

    Ours also makes the chains of ``best_score`` and ``single``, which the study's
    scripts do not know; ``units`` counts the predictions of both.
    """
    model: Segmenter = (
        load_model("nano", device="cpu", zoom="off")
        if name == "nano"
        else placeholder(name, "auto", "cuda")
    )
    slices, study = _phantom_slices(N_SLICES), _study_script()
    script, ran = {}, {}

    def reference() -> None:
        script["modes"] = study.five_modes(model.sam, slices, 1)
        for oracle in (False, True):
            script[oracle] = study.clicks(
                model.sam, slices, 1, n_clicks=N_CLICKS, oracle=oracle
            )

    def ours() -> None:
        settings = RunSettings(Profile.AS_RELEASED, clicks=N_CLICKS, tolerance_mm=None)
        ran["rows"] = _rows(model, _source(slices), settings)

    def agreement() -> dict[str, Any]:
        clicks = {
            (row.image, row.label, row.step): row.iou
            for row in ran["rows"]
            if row.setting == "clicks" and row.selection == "first"
        }
        apart = max(abs(clicks[key] - script[False][key]) for key in clicks)
        return {"difference": apart}

    return Actions(ours, reference, agreement)


def _study_script() -> Any:
    spec = importlib.util.spec_from_file_location(STUDY.stem, STUDY)
    if spec is None or spec.loader is None:
        message = f"{STUDY} is no Python file"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _source(slices: list[tuple[str, np.ndarray, np.ndarray]]) -> InMemory:
    return InMemory(
        [LabelledVolume(Volume(i[None], name=n), m[None], n) for n, i, m in slices]
    )


def _rows(model: Segmenter, source: InMemory, settings: RunSettings) -> list[Any]:
    spec = ModelSpec(model.name, lambda: model)
    return [row for one in run_benchmark(source, [spec], settings) for row in one.rows]


def _growth() -> Actions:
    model = load_model("ellipse")
    settings = RunSettings(groups=(SettingGroup.MODES,))

    def run(count: int) -> None:
        slices = _phantom_slices(count)
        with tempfile.TemporaryDirectory() as folder:
            store = RunStore(Path(folder) / "run")
            spec = ModelSpec(model.name, lambda: model)
            source = _source(slices)
            for _ in run_benchmark(source, [spec], settings, store):
                pass

    def few() -> None:
        for _ in range(GROWTH):
            run(FEW_SLICES)

    return Actions(lambda: run(FEW_SLICES * GROWTH), few)


def _embed_many_on_gpu(size: str, count: int) -> Actions:
    plain, model = placeholder(size, device="cuda"), placeholder(size, "auto", "cuda")
    predictor = SamPredictor(plain.sam)
    images = [image for _, image, _ in _phantom_slices(count)]

    def reference() -> None:
        for image in images:
            predictor.set_image(np.repeat(image[..., None], 3, axis=2))
        torch.cuda.synchronize()

    def agreement() -> dict[str, Any]:
        ours = model.embed_many(images)[-1].features[0]
        return _cosine(ours, predictor.features[0].cpu().numpy())

    return Actions(lambda: model.embed_many(images), reference, agreement)


def _many_or_one_on_gpu(size: str) -> Actions:
    model = placeholder(size, "auto", "cuda")
    images = [image for _, image, _ in _phantom_slices(N_GPU_SLICES)]
    return Actions(
        lambda: model.embed_many(images), lambda: [model.embed(each) for each in images]
    )
