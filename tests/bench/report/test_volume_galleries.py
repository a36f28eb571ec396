"""Pictures of objects in volumes, followed again from the rows."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.data.labelled_volumes import InMemory, LabelledVolume
from napari_sam_med.bench.protocol.run_settings import ModelSpec
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    PromptedSlices,
    SlicePromptKind,
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.bench.report.figures.panels_again import PictureSource
from napari_sam_med.bench.report.over_volumes.volume_galleries import (
    volume_galleries_of,
)
from napari_sam_med.bench.report.over_volumes.volume_outputs import write_volume_report
from napari_sam_med.bench.report.report_page import NO_PICTURES, Pictures
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.volume_engine import run_volumes
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import RunError

STUDY = VolumeSettings(
    VolumeProfile.SAM2_MEDICAL,
    choices=(PromptedSlices.LARGEST,),
    kinds=(SlicePromptKind.BOX,),
)
CHALLENGE = VolumeSettings(VolumeProfile.CVPR25_3D)


def volume(name):
    """Two blocks, of which one is largest on its last slice."""
    labels = np.zeros((7, 32, 32), np.uint8)
    labels[1:6, 4:14, 4:14] = 1
    labels[2:6, 18:28, 18:28] = 2
    labels[5, 15:30, 16:30] = 2
    image = (labels * 80 + 10).astype(np.uint8)
    return LabelledVolume(Volume(image, name=name), labels, name)


VOLUMES = [volume("a"), volume("b")]


def run(folder, settings=STUDY):
    store = RunStore(folder)
    model = ModelSpec("fake", FakeSegmenter)
    list(run_volumes(InMemory(VOLUMES, "demo"), [model], settings, store))
    return store


def pictures_of(store, settings=STUDY, volumes=VOLUMES, **more):
    made = PictureSource(InMemory(volumes), lambda _: FakeSegmenter(), settings)
    return Pictures({str(store.folder): made}, **more)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return run(tmp_path_factory.mktemp("volumes") / "run")


def figures_of(store, settings=STUDY, volumes=VOLUMES, *, asked=False, slow=1.0):
    rows = store.rows().assign(run="run")
    rows["seconds_predict"] *= slow
    manifests = {str(store.folder): {**store.manifest(), "run": "run"}}
    (source,) = pictures_of(store, settings, volumes).sources.values()
    return volume_galleries_of(rows, manifests, {"run": source}, asked=asked)


def titles_of(figure):
    return [axes.get_title() for axes in figure.figure.axes if axes.get_title()]


def test_the_best_and_the_worst_objects_are_shown_slice_by_slice(stored):
    figures, note = figures_of(stored)
    assert ([one.name for one in figures], note) == (["best_fake", "worst_fake"], "")
    rows = stored.rows()
    shown = [case for one in figures for case, _ in one.commands]
    assert sorted(shown) == sorted(rows.loc[rows["model"].eq("fake"), "case_id"])


def test_each_slice_says_what_it_is(stored):
    (worst,) = [one for one in figures_of(stored)[0] if one.name == "worst_fake"]
    told = {title.split("\n")[1] for title in titles_of(worst)}
    of_second = {"first: slice 2", "middle: slice 4", "last, prompted: slice 5"}
    of_first = {"first, prompted: slice 1", "middle: slice 3", "last: slice 5"}
    assert told in (of_first, of_second, of_first | of_second)
    heads = [title.split("\n")[0] for title in titles_of(worst)]
    assert any(re.fullmatch(r"label \d, IoU \d\.\d\d", head) for head in heads)


def test_slices_of_an_object_are_shown_in_one_frame(stored):
    axes = [one for one in figures_of(stored)[0][0].figure.axes if one.get_title()]
    assert len({(one.get_xlim(), one.get_ylim()) for one in axes[:3]}) == 1


def test_each_picture_has_the_command_that_opens_its_object(stored):
    command = figures_of(stored)[0][0].commands[0][1]
    assert command.startswith(f"napari-sam-med gui --run {stored.folder.name} --case ")
    assert "--setting box_largest_both" in command


def test_clicks_of_the_challenge_are_followed_again_from_their_row(tmp_path):
    store = run(tmp_path / "run", CHALLENGE)
    figures, note = figures_of(store, CHALLENGE)
    assert (len(figures), note) == (2, "")
    assert "Dice" in titles_of(figures[0])[0]


def test_masks_that_are_not_the_rows_are_left_out_and_said(stored):
    moved = [
        replace(one, labels=np.roll(one.labels, 1, axis=0)[:, :, ::-1].copy())
        for one in VOLUMES
    ]
    figures, note = figures_of(stored, volumes=moved)
    assert figures == []
    assert note.startswith("4 objects are left out of the pictures: their masks")


def test_volumes_that_are_gone_are_left_out_and_said(stored):
    _, note = figures_of(stored, volumes=VOLUMES[:1])
    assert note.startswith("2 objects are left out of the pictures")


def test_a_model_that_cannot_be_loaded_leaves_the_objects_of_the_others(stored):
    """The rows of two models, as a page of joined runs has them."""
    rows = stored.rows().assign(run="run")
    gone = rows[rows["model"].eq("fake")].assign(model="gone")
    manifests = {str(stored.folder): {**stored.manifest(), "run": "run"}}
    (source,) = pictures_of(stored).sources.values()

    def load(name):
        if name == "gone":
            msg = "gone has other weights"
            raise RunError(msg)
        return source.load(name)

    sources = {"run": replace(source, load=load)}
    rows = pd.concat([rows, gone], ignore_index=True)
    figures, note = volume_galleries_of(rows, manifests, sources)
    assert [one.name for one in figures] == ["best_fake", "worst_fake"]
    reason = "gone cannot be loaded again (gone has other weights)"
    assert note == f"4 objects are left out of the pictures: {reason}."


def test_what_would_take_long_has_to_be_asked_for(stored):
    figures, note = figures_of(stored, slow=1e6)
    assert figures == []
    assert "report RUN --pictures draws them" in note
    assert figures_of(stored, slow=1e6, asked=True)[0]


def test_the_page_shows_the_pictures_or_says_why_not(stored, tmp_path):
    out = tmp_path / "page.html"
    write_volume_report([stored], out, pictures=pictures_of(stored))
    page = out.read_text()
    assert "The worst objects of fake, box_largest_both 1" in page
    assert (tmp_path / "page_files" / "figures" / "best_fake.png").is_file()
    write_volume_report([stored], out, pictures=NO_PICTURES)
    assert "nobody said where the images lie" in out.read_text()
    assert not (tmp_path / "page_files" / "figures" / "best_fake.png").exists()
