"""Profile as-released against a plain script of the published procedure."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from fakes import released_procedure
from fakes.tiny_sam import tiny_sam
from napari_sam_med.bench.data.labelled_volumes import InMemory, LabelledVolume
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.core.volumes import Volume

N_CLICKS = 9


def phantom(rng, n_classes):
    """Smooth blobs in several parts that touch other classes; often a class lacks."""
    height, width = rng.integers(24, 60, 2)
    noise = ndimage.gaussian_filter(rng.normal(size=(height, width)), 3)
    steps = np.quantile(noise, np.linspace(0.55, 1, n_classes + 1)[:-1])
    mask = np.searchsorted(steps, noise).astype(np.uint8)
    mask[rng.random(mask.shape) > 0.995] = rng.integers(1, n_classes + 1)
    mask[mask == rng.integers(1, 6)] = 0
    mask[0, 0] = mask[0, 0] or 1
    image = rng.integers(0, 90, mask.shape) + 40 * mask.astype(int)
    return image.astype(np.uint8), mask


def slices_of(n_classes, count, seed):
    rng = np.random.default_rng(seed)
    made = [(f"s{k:02d}", *phantom(rng, n_classes)) for k in range(count)]
    if n_classes == 1:
        made = [(name, image, mask * np.uint8(255)) for name, image, mask in made]
        _, image, mask = made[0]
        grey = (mask > 0) & (np.arange(len(mask)) % 7 == 3)[:, None]
        made.append(("t_soft", image, np.where(grey, 254, mask)))
    return [
        (name, in_colour(image) if k % 5 == 0 else image, mask)
        for k, (name, image, mask) in enumerate(made)
    ]


def in_colour(image):
    return np.stack([image, image[::-1], image // 2], axis=-1)


def rows_of_run(sam, slices):
    from napari_sam_med.models.sam.sam_segmenter import SamSegmenter

    model = SamSegmenter(sam, name="tiny", device="cpu")
    source = InMemory(
        [LabelledVolume(Volume(i[None], name=n), m[None], n) for n, i, m in slices]
    )
    choice = ModelSpec("tiny", lambda: model)
    settings = RunSettings(Profile.AS_RELEASED, clicks=N_CLICKS, tolerance_mm=None)
    return [
        row for one in run_benchmark(source, [choice], settings) for row in one.rows
    ]


@pytest.fixture(
    scope="module",
    params=[(1, 9, 0, 1), (3, 11, 1, 1), (3, 8, 2, 2), (3, 8, 3, 0)],
    ids=["one", "three", "three-2-threads", "three-default-threads"],
)
def both(request):
    n_classes, count, seed, asked = request.param
    threads = torch.get_num_threads()
    torch.set_num_threads(asked or threads)
    sam, slices = tiny_sam(), slices_of(n_classes, count, seed)
    yield sam, slices, n_classes, rows_of_run(sam, slices)
    torch.set_num_threads(threads)


def test_the_phantoms_have_several_parts_and_the_run_no_failure(both):
    rows = both[-1]
    assert not [row.error for row in rows if row.error]
    assert max(row.n_parts for row in rows) > 3
    assert len({row.iou for row in rows}) > len(rows) / 20


def test_five_modes_equal_the_published_procedure(both):
    sam, slices, n_classes, rows = both
    expected = released_procedure.five_modes(sam, slices, n_classes)
    found = {
        (row.image, row.label, row.setting, row.selection): row.iou
        for row in rows
        if row.setting != "clicks" and row.selection in ("first", "oracle")
    }
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in expected) < 1e-6


@pytest.mark.parametrize("selection", ["first", "oracle"])
def test_nine_clicks_equal_the_published_procedure(both, selection):
    sam, slices, n_classes, rows = both
    expected = released_procedure.clicks(
        sam, slices, n_classes, n_clicks=N_CLICKS, oracle=selection == "oracle"
    )
    found = {
        (row.image, row.label, row.step): row.iou
        for row in rows
        if row.setting == "clicks" and row.selection == selection
    }
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in expected) < 1e-6
