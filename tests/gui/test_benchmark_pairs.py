"""From layers to what a benchmark run reads."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Image, Labels
from qtpy.QtCore import QSettings

from fakes.benchmark_docks import offer_for
from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.bench.data.placed_pairs import PlacedGrid
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import RunSettings, SettingGroup
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import DatasetError, ImageError, RunError
from napari_sam_med.gui.benchmark import layer_pairs as pairs_module
from napari_sam_med.gui.benchmark.layer_pairs import (
    data_layers,
    grid_of,
    pair_from_layers,
    ticked_pairs,
)
from napari_sam_med.gui.benchmark.model_offers import Offer, known_offers
from napari_sam_med.gui.benchmark.plot_means import CurveSums
from napari_sam_med.gui.benchmark.prompt_gaps import gaps_of
from napari_sam_med.gui.benchmark.remembered_settings import (
    KEY,
    remember_form,
    remembered_form,
)
from napari_sam_med.gui.benchmark.run_request import layer_pairs, run_plan, run_settings
from napari_sam_med.gui.benchmark.views.benchmark_values import (
    ANY_SELECTION,
    BenchmarkForm,
    Curve,
    ModelValue,
    PairValue,
    ShiftUnit,
)
from napari_sam_med.gui.napari_io import ROLE
from napari_sam_med.session.background.model_service import ModelSource

SHAPE = (4, 6, 8)
FORM = BenchmarkForm(models=("fake",))


def image(name="ct", shape=SHAPE, **arguments):
    return Image(np.zeros(shape), name=name, **arguments)


def truth(name="ct_labels", shape=SHAPE, **arguments):
    labels = np.zeros(shape, dtype=np.uint8)
    labels[..., 2:4] = 3
    return Labels(labels, name=name, **arguments)


def offer(name="fake"):
    return Offer(ModelValue(name), ModelSource(name, FakeSegmenter))


def test_examples_in_docstrings_hold():
    assert doctest.testmod(pairs_module).failed == 0


def grid(name, shape=SHAPE, **place):
    return PlacedGrid(name, Geometry(**place), shape)


def test_labels_are_paired_with_the_image_on_whose_voxels_they_lie():
    far = {"origin_xyz": (0.0, 0.0, 900.0)}
    found = ticked_pairs(
        [grid("a"), grid("b", **far), grid("c", spacing_xyz=(2.0, 2.0, 2.0))],
        [grid("x", **far), grid("y", spacing_xyz=(3.0, 3.0, 3.0))],
    )
    assert found == [PairValue("b", "x")]


def test_flipped_labels_are_paired_and_scored_where_they_lie():
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1, 2, :3] = 3
    turned = np.diag([1.0, 1.0, -1.0, 1.0])
    turned[2, 3] = SHAPE[2] - 1
    flipped = Labels(labels[..., ::-1].copy(), name="ct_labels", affine=turned)
    ct = image()
    [pair] = ticked_pairs([grid_of(ct)], [grid_of(flipped)])
    assert (pair.image, pair.checked) == ("ct", True)
    labelled = pair_from_layers(ct, flipped, "ct").labelled()
    np.testing.assert_array_equal(labelled.labels, labels)


def test_labels_that_lie_elsewhere_are_refused_and_the_difference_is_named():
    moved = truth(translate=(0.0, 0.0, 3.5))
    with pytest.raises(
        DatasetError, match=r"ct_labels does not .* is 3\.5 x 0 x 0 mm off"
    ):
        pair_from_layers(image(), moved, "ct")


def test_of_several_images_of_a_shape_the_likest_name_is_taken():
    images = [grid(f"patient_{n}") for n in range(3)]
    found = ticked_pairs(images, [grid("patient_1_seg")])
    assert found == [PairValue("patient_1", "patient_1_seg")]


def test_empty_labels_are_paired_but_not_ticked():
    empty = Labels(np.zeros(SHAPE, dtype=np.uint8), name="new")
    found = ticked_pairs([grid_of(image())], [grid_of(empty)])
    assert found == [PairValue("ct", "new", checked=False)]


def test_colour_is_no_part_of_a_shape():
    colour = Image(np.zeros((*SHAPE, 3), dtype=np.uint8), rgb=True)
    assert grid_of(colour).shape == SHAPE


def test_layers_that_docks_made_are_not_offered():
    mine, theirs = image("mine"), image("theirs", metadata={ROLE: "benchmark"})
    assert data_layers([mine, theirs, truth()])[0] == [mine]


def test_a_pair_carries_spacing_window_modality_and_names():
    ct = image(
        scale=(5.0, 0.8, 0.7),
        contrast_limits=(-160, 240),
        metadata={"modality": "CT", "patient": "p1"},
    )
    names = {"label_names": {3: "liver"}}
    drawn = truth(scale=(5.0, 0.8, 0.7), metadata=names)
    labelled = pair_from_layers(ct, drawn, "ct").labelled()
    assert labelled.volume.geometry.spacing_zyx == (5.0, 0.8, 0.7)
    assert labelled.window == Window(-160, 240)
    assert labelled.volume.modality == "CT"
    assert (labelled.name, labelled.patient) == ("ct", "p1")
    assert labelled.label_names == {3: "liver"}


def test_painting_on_does_not_change_what_a_run_reads():
    drawn = truth()
    labelled = pair_from_layers(image(), drawn, "ct").labelled()
    drawn.data[:] = 0
    assert labelled.labels.any()


def test_flat_layers_become_one_slice():
    pair = pair_from_layers(image(shape=(6, 8)), truth(shape=(6, 8)), "flat")
    labelled = pair.labelled()
    assert labelled.volume.shape_zyx == (1, 6, 8)
    assert labelled.labels.shape == (1, 6, 8)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [3, 4])
def test_colour_becomes_rgb_bytes(dtype, channels):
    white = 255 if dtype == np.uint8 else 1.0
    colour = Image(np.full((6, 8, channels), white, dtype=dtype), rgb=True)
    pair = pair_from_layers(colour, truth(shape=(6, 8)), "photo")
    array = pair.labelled().volume.array
    assert array.shape == (1, 6, 8, 3)
    assert (array == 255).all()


def test_of_several_resolutions_the_finest_counts():
    pyramid = Image([np.zeros(SHAPE), np.zeros((2, 3, 4))], multiscale=True, name="ct")
    assert pair_from_layers(pyramid, truth(), "ct").image.shape == SHAPE


def test_labels_of_a_part_of_the_image_are_refused():
    part = truth("part", shape=(2, 6, 8), translate=(1.0, 0.0, 0.0))
    with pytest.raises(DatasetError, match="part does not lie on ct: they cover"):
        pair_from_layers(image(), part, "ct")


def test_four_dimensions_are_refused():
    with pytest.raises(ImageError, match="ct has 4 dimensions"):
        pair_from_layers(image(shape=(2, *SHAPE)), truth(), "ct")


def test_nan_is_refused():
    bad = image()
    bad.data[0, 0, 0] = np.nan
    pair = pair_from_layers(bad, truth(), "ct")
    with pytest.raises(ImageError, match="NaN"):
        pair.labelled()


def test_empty_labels_are_refused():
    empty = Labels(np.zeros(SHAPE, dtype=np.uint8))
    pair = pair_from_layers(image(), empty, "ct")
    with pytest.raises(DatasetError, match="background"):
        pair.labelled()


@pytest.mark.parametrize(
    ("images", "labels", "chosen", "sentence"),
    [
        ([], [truth()], [], "there is no image layer"),
        ([image()], [], [], "there is no labels layer"),
        ([image()], [truth()], [], "no pair is ticked"),
        (
            [image()],
            [truth()],
            [PairValue("ct", "ct_labels", checked=False)],
            "no pair is ticked",
        ),
        ([image()], [truth()], [PairValue("", "ct_labels")], "lacks its image"),
        ([image()], [truth()], [PairValue("ct", "ct_labels")] * 2, "ticked twice"),
    ],
)
def test_a_choice_without_a_pair_is_refused(images, labels, chosen, sentence):
    with pytest.raises(DatasetError, match=sentence):
        layer_pairs(chosen, images, labels)


def test_an_image_with_two_truths_gives_two_names():
    chosen = [PairValue("ct", "one"), PairValue("ct", "two")]
    found = layer_pairs(chosen, [image()], [truth("one"), truth("two")])
    assert [pair.name for pair in found] == ["ct + one", "ct + two"]


def test_the_form_decides_what_is_run(tmp_path):
    form = BenchmarkForm(
        ("fake",), "as-released", modes=False, clicks=4, axis=2, folder=tmp_path
    )
    pairs = layer_pairs([PairValue("ct", "ct_labels")], [image()], [truth()])
    plan = run_plan(form, pairs, [offer("other"), offer()])
    assert plan.settings.profile is Profile.AS_RELEASED
    assert plan.settings.groups == (SettingGroup.CLICKS,)
    assert (plan.settings.clicks, plan.settings.axis) == (4, 2)
    assert [one.name for one in plan.offers] == ["fake"]
    assert plan.folder == tmp_path


def test_everything_and_perturbation_reach_the_run():
    form = BenchmarkForm(
        ("fake",),
        modes=False,
        with_clicks=False,
        with_everything=True,
        grid=8,
        with_perturbation=True,
        draws=3,
        shift=25.0,
    )
    settings = run_settings(form)
    assert settings.groups == (SettingGroup.EVERYTHING, SettingGroup.PERTURBATION)
    assert (settings.grids, settings.draws, settings.jitter) == ((8,), 3, 0.25)


def test_clicking_groups_reach_the_run_beside_clicks_only():
    form = BenchmarkForm(("fake",), modes=False, with_clicking_groups=True)
    groups = run_settings(form).groups
    assert groups == (SettingGroup.CLICKS, SettingGroup.CLICKING_GROUPS)
    without = replace(form, modes=True, with_clicks=False)
    assert run_settings(without).groups == (SettingGroup.MODES,)


def test_a_shift_in_pixels_reaches_the_run():
    form = BenchmarkForm(with_perturbation=True, shift=7, shift_unit=ShiftUnit.PIXELS)
    settings = run_settings(form)
    assert (settings.jitter, settings.jitter_unit) == (7, "px")


def test_surface_metrics_and_feedback_reach_the_run():
    settings = run_settings(BenchmarkForm(tolerance_mm=3.5, feed_back=False))
    assert (settings.tolerance_mm, settings.feed_back) == (3.5, False)
    assert run_settings(BenchmarkForm(with_outlines=False)).tolerance_mm is None


def test_the_form_begins_with_the_settings_that_a_run_has_by_default():
    assert run_settings(BenchmarkForm()) == RunSettings()


def test_what_a_model_cannot_be_asked_is_a_row_with_the_reason():
    settings = run_settings(
        BenchmarkForm(
            ("a",),
            with_perturbation=True,
            with_everything=True,
            with_clicking_groups=True,
        )
    )
    gaps = {
        kind: [row["setting"] for row in gaps_of([offer_for([kind], "a")], settings)]
        for kind in ("points", "boxes")
    }
    boxes = ["mode3", "mode4", "mode5", "box_shift", "box_expand", "box_corners"]
    assert gaps["points"] == boxes
    points = ["mode1", "mode2", "clicks", "everything", "clicking_groups"]
    points.append("point_shift")
    assert gaps["boxes"] == points
    both = offer_for(["points", "boxes", "masks"], "a")
    assert gaps_of([both, offer()], settings) == ()


def test_without_a_folder_each_run_has_a_new_one():
    pairs = layer_pairs([PairValue("ct", "ct_labels")], [image()], [truth()])
    first, second = (run_plan(FORM, pairs, [offer()]).folder for _ in range(2))
    assert first != second
    assert first.is_dir()
    assert not any(first.iterdir())
    for folder in (first, second):
        folder.rmdir()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (BenchmarkForm(models=("other",)), "no model is ticked"),
        (
            BenchmarkForm(("fake",), modes=False, with_clicks=False),
            "no setting is ticked",
        ),
    ],
)
def test_a_form_that_asks_for_nothing_is_refused(form, sentence):
    pairs = layer_pairs([PairValue("ct", "ct_labels")], [image()], [truth()])
    with pytest.raises(RunError, match=sentence):
        run_plan(form, pairs, [offer()])


def test_one_slice_cannot_be_cut_across_another_axis():
    flat = layer_pairs(
        [PairValue("ct", "ct_labels")],
        [image(shape=(6, 8))],
        [truth(shape=(6, 8))],
    )
    with pytest.raises(DatasetError, match="ct is one slice"):
        run_plan(BenchmarkForm(("fake",), axis=1), flat, [offer()])


def test_the_form_is_remembered(tmp_path):
    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    form = BenchmarkForm(("a", "b"), "as-released", modes=False, clicks=3, axis=1)
    remember_form(settings, form)
    settings.sync()
    again = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    assert remembered_form(again) == form


def test_damaged_memory_counts_as_none(tmp_path):
    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    settings.setValue(KEY, "{")
    assert remembered_form(settings) == BenchmarkForm(models=("nano",))


def test_every_model_with_a_card_is_offered():
    offers = {one.name: one for one in known_offers()}
    assert offers["ellipse"].shown.available
    assert offers["ellipse"].source.load().name == "ellipse"
    assert offers["sam_vit_h"].shown.note.startswith("SAM ViT-H")


def row(setting, step, iou, label="liver", **others):
    common = {"selection": "best_score", "model": "fake", "error": ""}
    return {
        **common,
        "setting": setting,
        "step": step,
        "iou": iou,
        "label_name": label,
        **others,
    }


def test_means_are_taken_over_cases_and_then_over_classes():
    sums = CurveSums()
    sums.add(
        [row("mode2", 1, 0.2), row("mode2", 1, 0.4), row("mode2", 1, 0.9, "lesion")]
    )
    [curve] = sums.modes("best_score")
    assert (curve.model, curve.steps) == ("fake", (2,))
    assert curve.means == pytest.approx((0.6,))


@pytest.mark.parametrize(("profile", "mean"), [("strict", 0.6), ("as-released", 0.4)])
def test_a_tall_patient_does_not_outvote_another_under_strict(profile, mean):
    cases = [("a", 0.2), ("a", 0.2), ("a", 0.2), ("b", 1.0)]
    sums = CurveSums()
    sums.add(
        row("mode1", 1, iou, patient=patient, case_id=str(k), profile=profile)
        for k, (patient, iou) in enumerate(cases)
    )
    assert sums.modes("best_score")[0].means == pytest.approx((mean,))


def test_clicks_are_ordered_by_their_number():
    sums = CurveSums()
    sums.add([row("clicks", 10, 0.8), row("clicks", 9, 0.7)])
    assert sums.clicks("best_score") == [Curve("fake", (9, 10), (0.7, 0.8))]


def test_other_selections_and_failures_are_left_out_of_a_curve():
    sums = CurveSums()
    sums.add(
        [
            row("mode1", 1, 0.5),
            row("mode1", 1, 0.9, selection="oracle"),
            row("mode1", 1, float("nan"), error="no memory"),
            row("modes", 0, float("nan"), error="no memory"),
        ]
    )
    assert sums.modes("best_score")[0].means == (0.5,)
    assert sums.modes(ANY_SELECTION)[0].means == pytest.approx((0.7,))


@pytest.mark.parametrize(
    ("profile", "loaded"),
    [("strict", "zooming"), ("as-released", "plain"), ("as-written", "plain")],
)
def test_only_the_strict_profile_takes_a_second_look(tmp_path, profile, loaded):
    zooming = Offer(
        ModelValue("fake"),
        ModelSource("zooming", FakeSegmenter),
        plain_source=ModelSource("plain", FakeSegmenter),
    )
    pairs = layer_pairs(
        [PairValue("ct", "ct_labels", checked=True)], [image()], [truth()]
    )
    form = BenchmarkForm(("fake",), profile=profile, folder=tmp_path)
    plan = run_plan(form, pairs, [zooming])
    assert plan.offers[0].source.name == loaded
