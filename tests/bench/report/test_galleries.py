"""Pictures of cases, predicted again from the rows."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.run_settings import ModelSpec, RunSettings
from napari_sam_med.bench.report.figures.panels_again import PictureSource
from napari_sam_med.bench.report.figures.picture_panels import (
    PicturePanel,
    figure_of_panels,
)
from napari_sam_med.bench.report.report_page import Pictures, write_report
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import RunError

SETTINGS = RunSettings(groups=("modes",), tolerance_mm=None)
SHOWN = {
    "five_modes_strict_a", "candidates_strict_a", "best_strict_a", "worst_strict_a",
    "ahead_strict_a_b",
}  # fmt: skip


class Shifted(FakeSegmenter):
    """Answers a box beside the object."""

    def __init__(self):
        super().__init__(name="b")

    def predict(self, embedding, prompts):
        found = super().predict(embedding, prompts)
        by = 0 if prompts.box_rc is None else 3
        single = replace(found.single, masks=np.roll(found.single.masks, by, axis=2))
        return replace(found, single=single)


def loaded(name):
    return FakeSegmenter(name="a") if name == "a" else Shifted()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two models on six objects, and its data."""
    volumes = [made_volume(f"p{k}_x", seed=k, slices=1 + k % 3) for k in range(3)]
    source = InMemory(volumes, "demo")
    store = RunStore(tmp_path_factory.mktemp("galleries") / "run")
    models = [ModelSpec(name, lambda name=name: loaded(name)) for name in "ab"]
    list(run_benchmark(source, models, SETTINGS, store))
    return store.folder, volumes


def page_of(run, out, source, load=loaded, **more):
    folder, _ = run
    pictures = Pictures({str(folder): PictureSource(source, load, SETTINGS)}, **more)
    write_report([folder], out / "page.html", pictures=pictures)
    files = (out / "page_files" / "figures").glob("*_strict_*.svg")
    return (out / "page.html").read_text(), {path.stem for path in files}


@pytest.fixture(scope="module")
def drawn(run, tmp_path_factory):
    _, volumes = run
    out = tmp_path_factory.mktemp("drawn")
    return (*page_of(run, out, InMemory(volumes)), out)


def test_modes_candidates_ends_and_disagreements_are_shown(drawn):
    page, names, out = drawn
    assert names == SHOWN
    for name in names:
        ElementTree.parse(out / "page_files" / "figures" / f"{name}.svg")
    assert "The five modes on one case" in page


def test_a_picture_is_not_turned_round_on_a_dark_page(drawn):
    page = drawn[0]
    (one,) = re.findall(r"<figure><img([^>]*)alt=\"The five modes", page)
    assert "plot" not in one


def test_each_picture_has_the_command_that_opens_its_case(drawn):
    page = drawn[0]
    figure = page[page.index("The best cases") :]
    command = re.search(r"<code class=\"command\">([^<]*)", figure)[1]
    assert command.startswith("napari-sam-med gui --run run --case demo/p")


def test_masks_that_are_not_the_rows_are_left_out_and_said(run, tmp_path):
    _, volumes = run
    moved = [replace(v, labels=np.roll(v.labels, 2, axis=1)) for v in volumes]
    page, names = page_of(run, tmp_path, InMemory(moved))
    assert "their masks made again are not those of the rows" in page
    assert "best_strict_a" not in names


def test_a_model_that_cannot_be_loaded_costs_the_pictures_and_not_the_report(
    run, tmp_path
):
    def gone(name):
        msg = f"{name} needs more memory"
        raise MemoryError(msg)

    page, names = page_of(run, tmp_path, InMemory(run[1]), gone)
    reason = "a cannot be loaded again (MemoryError: a needs more memory)"
    assert f"There are no pictures of cases: {reason}." in page
    assert names == set()


def test_a_model_that_cannot_be_loaded_leaves_the_pictures_of_the_others(run, tmp_path):
    """The best model is gone: cases are chosen for the best of those that are left."""

    def one_gone(name):
        if name == "a":
            msg = "a has other weights"
            raise RunError(msg)
        return loaded(name)

    page, names = page_of(run, tmp_path, InMemory(run[1]), one_gone)
    assert names == {
        "five_modes_strict_b", "candidates_strict_b", "best_strict_b", "worst_strict_b"
    }  # fmt: skip
    assert (
        "5 pictures are left out: a cannot be loaded again (a has other weights)."
        in page
    )


def test_an_image_that_cannot_be_read_again_costs_its_own_pictures(run, tmp_path):
    page, names = page_of(run, tmp_path, InMemory(run[1][1:]))
    assert 0 < len(names) < len(SHOWN)
    assert "p0_x of run cannot be read again" in page


def test_a_report_without_images_says_why_it_has_no_pictures(run, tmp_path):
    folder, _ = run
    write_report([folder], tmp_path / "page.html")
    assert "nobody said where the images lie" in (tmp_path / "page.html").read_text()


def test_a_slice_is_shown_the_way_up_that_radiologists_look_at_it():
    """Of an image stored feet up, the prompt is drawn where the object is."""
    image = np.zeros((1, 8, 6), np.int16)
    image[0, 1, 2] = 100
    flipped = Geometry(direction=((1.0, 0, 0), (0, -1.0, 0), (0, 0, 1.0)))
    volume = Volume(image, flipped, "a")
    labelled = made_volume("a", slices=1)
    labelled = replace(labelled, volume=volume, labels=(image > 0).astype(np.uint8))
    truth = labelled.labels[0] > 0
    panel = PicturePanel(
        labelled, 0, 0, truth, truth, (Prompts([(1, 2)], [1]),), "title"
    )
    (axes,) = figure_of_panels([panel], 1).axes
    shown = axes.images[0].get_array()
    row, col = np.argwhere(shown[..., 0] == shown[..., 0].max())[0]
    assert (row, col) == (6, 2)
    points = next(one for one in axes.collections if isinstance(one, PathCollection))
    assert points.get_offsets().tolist() == [[2.0, 6.0]]
