"""What stands side by side in a report is over the same objects, or said not to be."""

import html
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fakes.stored_pages import (
    made_row,
    made_run,
    page_of,
    quoted,
    volume_page_of,
    volume_run,
)
from napari_sam_med.bench.analysis.costs import summarise_costs

GROUPS = [f"clicking_group_{number:02}" for number in range(1, 11)]


def table(tmp_path, name):
    return pd.read_csv(tmp_path / "page_files" / "tables" / f"{name}.csv")


def captions(page):
    return [html.unescape(text) for text in re.findall(r"<figcaption>([^<]*)", page)]


@pytest.mark.parametrize(
    ("own", "floors", "told"),
    [
        (range(3), range(9), 0.6),
        (range(3), range(3, 6), np.nan),
        (range(3), range(1, 3), np.nan),
    ],
)
def test_a_floor_stands_beside_a_models_own_cases(tmp_path, own, floors, told):
    """It has more cases, others, or fewer; the more it has, the better it is there."""
    rows = [
        made_row("nano", f"p{k}", 0.8, setting=mode)
        for mode in ("mode1", "mode5")
        for k in own
    ]
    rows += [
        made_row("ellipse", f"p{k}", 0.6 if k < 3 else 0.9, setting=mode)
        for mode in ("mode1", "mode5")
        for k in floors
    ]
    page_of(tmp_path, made_run(tmp_path / "run", rows, floors=("ellipse",)))
    (line,) = table(tmp_path, "best_prompts").to_dict("records")
    assert line["floor"] == pytest.approx(told, nan_ok=True)


def test_perturbed_prompts_stand_beside_the_exact_ones_of_the_same_objects(tmp_path):
    """Two of four objects were asked the exact box too, and these are easy."""
    ious = [0.9, 0.8, 0.3, 0.2]
    rows = [
        made_row("a", f"p{k}", iou - 0.1 * step, setting="box_shift", step=step)
        for k, iou in enumerate(ious)
        for step in (1, 2)
    ]
    rows += [made_row("a", f"p{k}", ious[k]) for k in (0, 1)]
    page_of(tmp_path, made_run(tmp_path / "run", rows))
    (line,) = table(tmp_path, "perturbation").to_dict("records")
    assert line["n"] == 2
    assert line["unperturbed"] == pytest.approx((0.9 + 0.8) / 2)
    assert line["mean"] == pytest.approx((0.9 + 0.8) / 2 - 0.15)


def test_over_tasks_an_exact_prompt_is_told_only_if_every_task_has_it(tmp_path):
    rows = [
        made_row("a", "p0", iou, setting="box_shift", task=task, step=step)
        for task, iou in (("easy", 0.9), ("hard", 0.3))
        for step in (1, 2)
    ]
    rows.append(made_row("a", "p0", 0.9, task="easy"))
    page_of(tmp_path, made_run(tmp_path / "run", rows))
    lines = table(tmp_path, "perturbation").set_index("task")
    assert lines["mean"].tolist() == pytest.approx([0.9, 0.3, 0.6])
    assert lines["unperturbed"].isna().tolist() == [False, True, True]


def test_clicking_groups_stand_beside_clicks_into_the_centre_of_the_same_objects(
    tmp_path,
):
    """The object that needs many clicks was not clicked into its centre."""
    quick, slow = (0.5, 0.85, 0.95), (0.1, 0.2, 0.3)
    rows = [
        made_row("a", patient, iou, setting=setting, step=step)
        for patient, ious, settings in (
            ("p0", quick, [*GROUPS, "clicks"]),
            ("p1", slow, GROUPS),
        )
        for setting in settings
        for step, iou in enumerate(ious, start=1)
    ]
    run = made_run(tmp_path / "run", rows, selections=("default",))
    page_of(tmp_path, run)
    spread = table(tmp_path, "clicking_groups_spread").set_index("target").loc[0.8]
    assert (spread["n"], spread["noc"], spread["centre"]) == (1, 2, 2)
    assert spread["delta_sb"] == 0
    assert table(tmp_path, "clicking_groups")["noc80"].eq(2).all()


@pytest.mark.parametrize("made", [0, 1])
def test_an_object_that_failed_in_one_clicking_group_counts_in_none(tmp_path, made):
    """It needs many clicks, and was given ``made`` of three in the seventh group."""
    rows = [
        made_row("a", patient, iou, setting=group, step=step)
        for patient, ious in (("p0", (0.5, 0.85, 0.95)), ("p1", (0.1, 0.2, 0.3)))
        for group in GROUPS
        for step, iou in enumerate(ious, start=1)
        if (patient, group) != ("p1", GROUPS[6]) or step <= made
    ]
    run = made_run(tmp_path / "run", rows, selections=("default",))
    page_of(tmp_path, run)
    assert table(tmp_path, "clicking_groups")["noc80"].eq(2).all()
    spread = table(tmp_path, "clicking_groups_spread").set_index("target").loc[0.8]
    assert (spread["n"], spread["noc"], spread["range"]) == (1, 2, 0)


def test_captions_name_the_tasks_that_not_every_model_was_asked(tmp_path):
    """Another setting over the second task keeps none of its modes in the figure."""
    rows = [
        made_row(model, f"p{k}", 0.8, setting=setting, task=task, step=step)
        for model, task, settings in (
            ("a", "liver", {"mode5": 1, "clicks": 2}),
            ("b", "liver", {"mode5": 1, "clicks": 2}),
            ("a", "tumour", {"mode5": 1, "clicks": 2, "box_shift": 1}),
        )
        for setting, count in settings.items()
        for step in range(1, count + 1)
        for k in range(2)
    ]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows))
    told = [text for text in captions(page) if "Left out" in text]
    assert [text.partition(" by ")[0] for text in told] == ["IoU of each case", "IoU"]
    for text in told:
        assert "2 of 4 cases; the tasks set: tumour." in text


def test_a_figure_by_size_says_which_model_is_over_its_own_objects(tmp_path):
    rows = [
        made_row(model, f"p{k}", 0.1 + 0.04 * k, setting=mode, area_px=10 + k)
        for model, count in (("nano", 14), ("ellipse", 10))
        for mode in ("mode1", "mode5")
        for k in range(count)
    ]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows, floors=("ellipse",)))
    (text,) = [one for one in captions(page) if "by size and" in one]
    assert text.endswith(
        "Over its own objects, which are not those of the other models: ellipse."
    )


def test_the_methods_count_the_objects_that_were_asked_where_it_is_not_all(tmp_path):
    rows = [made_row("a", f"p{k}", 0.8) for k in range(5)]
    rows += [
        made_row("a", f"p{k}", 0.8, setting="clicks", step=step)
        for k in range(3)
        for step in (1, 2)
    ]
    rows += [made_row("a", "p0", 0.8, setting="box_shift")]
    settings = {"profile": "strict", "groups": ["modes"], "tolerance_mm": 2.0,
                "draws": 1, "jitter": 0.1}  # fmt: skip
    run = made_run(tmp_path / "run", rows, settings=settings)
    text = quoted(page_of(tmp_path, run))
    assert "Each object was prompted once" in text
    assert "3 of the 5 objects were also segmented by up to 2 clicks" in text
    assert "also asked for 1 of the 5 objects: of each kind and object 1," in text


def test_the_methods_say_that_an_object_is_a_label_on_one_slice(tmp_path):
    one = made_row("a", "p0", 0.8)
    rows = [
        replace(one, slice=number, case_id=f"set/p0/axis0/{number:04}/1")
        for number in range(3)
    ]
    text = quoted(page_of(tmp_path, made_run(tmp_path / "run", rows)))
    assert "3 objects (one label on one slice each) on 3 slices of 1 image of" in text


def test_the_best_objects_of_volumes_are_by_the_way_with_the_highest_mean(tmp_path):
    """Three objects of one patient count as one, as in the table beside them."""
    rows = [
        replace(
            made_row("a", patient, iou, profile="sam2-medical", setting=setting),
            case_id=f"set/{patient}/{number}",
        )
        for setting, ious in {
            "box_middle_both": (0.9, 0.9, 0.9, 0.1),
            "point_middle_both": (0.7, 0.7, 0.7, 0.6),
        }.items()
        for number, (iou, patient) in enumerate(
            zip(ious, ("p0", "p0", "p0", "p1"), strict=True)
        )
    ]
    volume_page_of(tmp_path, volume_run(tmp_path / "run", rows))
    assert table(tmp_path, "beside_floors")["setting"].tolist() == ["point_middle_both"]
    seen = table(tmp_path, "cases_to_see")
    assert set(seen["prompts"]) == {"point_middle_both 1"}


def test_a_prompt_counts_once_in_what_an_answer_costs():
    """One prompt of a mode has four masks; each chain of clicks asks for itself."""
    rows = [
        made_row("a", "p0", 0.8, selection=one, seconds_predict=0.1)
        for one in ("first", "best_score", "oracle", "single")
    ]
    rows += [
        made_row("a", "p0", 0.8, setting="clicks", selection=one, seconds_predict=0.5)
        for one in ("first", "oracle")
    ]
    frame = pd.DataFrame([row.to_dict() for row in rows]).assign(run="run")
    (one,) = summarise_costs(frame, {}).itertuples()
    assert one.predict_s == np.median([0.1, 0.5, 0.5])


def test_the_four_masks_of_a_prompt_are_not_told_as_four_predictions(tmp_path):
    page = page_of(tmp_path, made_run(tmp_path / "run", [made_row("a", "p0", 0.8)]))
    assert "<b>4</b>scored masks" in page
    assert "</b>prediction" not in page


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["p1"], "One image holds no labelled object and is no case: p1."),
        (["p1", "p2"], "2 images hold no labelled object and are no cases: p1, p2."),
    ],
)
def test_images_without_an_object_are_counted_in_words(tmp_path, names, said):
    rows = [made_row("a", "p0", 0.8)]
    page = page_of(tmp_path, made_run(tmp_path / "run", rows, without_object=names))
    assert said in page


@pytest.mark.parametrize(
    ("profile", "setting", "said"),
    [
        ("sam2-medical", "box_middle_both",
         "IoU (its mean over the slices that hold the object), Dice coefficient, "
         "normalised surface Dice within 2 mm and"),
        ("cvpr25-3d", "box",
         "IoU (of all voxels), Dice coefficient, normalised surface Dice within 2 mm "
         "and 95th percentile Hausdorff distance, the surface Dice being 0 where the "
         "Dice coefficient is at most 0.2; means"),
    ],
)  # fmt: skip
def test_the_methods_of_volumes_say_what_iou_and_nsd_are_of(
    tmp_path, profile, setting, said
):
    rows = [made_row("a", "p0", 0.8, profile=profile, setting=setting)]
    assert said in quoted(volume_page_of(tmp_path, volume_run(tmp_path / "run", rows)))


def test_of_equal_floors_the_first_by_name_is_told(tmp_path):
    models = ("a", "random_walker", "ellipse")
    rows = [made_row(model, "p0", 0.8) for model in models]
    floors = models[1:]
    page = page_of(tmp_path, made_run(tmp_path / "slices", rows, floors=floors))
    assert "The floor is 0.800, by ellipse with" in page
    rows = [
        made_row(model, "p0", 0.8, profile="sam2-medical", setting=setting)
        for model, setting in (
            ("a", "box_three_both"),
            ("interpolation", "mask_three_both"),
            ("copy", "mask_three_both"),
        )
    ]
    volume_page_of(tmp_path, volume_run(tmp_path / "volumes", rows))
    assert table(tmp_path, "beside_floors")["floor"].tolist() == ["copy"]


def test_a_task_without_a_common_case_is_named_where_tables_lack_it(tmp_path):
    """Its models answered other patients; of the second task they share one."""
    rows = [
        made_row(model, patient, 0.8, setting=setting, task=task)
        for setting in ("mode1", "mode5", "clicks", "box_shift")
        for model, patient, task in (
            ("a", "p0", "liver"), ("b", "p1", "liver"),
            ("a", "p0", "tumour"), ("b", "p0", "tumour"),
        )
    ]  # fmt: skip
    page = html.unescape(page_of(tmp_path, made_run(tmp_path / "run", rows)))
    skipped = page[page.index('id="skipped"') :]
    for words in (
        "the best prompt of each task", "the number of clicks",
        "what one box gains over one point", "prompt perturbation",
    ):  # fmt: skip
        assert f"No line on {words} of set: liver: no case has every" in skipped
    assert "of set: tumour" not in skipped
    assert "segment everything" not in skipped.lower()


def test_a_profile_that_cannot_be_drawn_is_named(tmp_path):
    """Under strict the models answered other patients."""
    folders = []
    for profile, patients in (("as-released", "00"), ("strict", "01")):
        rows = [
            made_row(model, f"p{number}", 0.8, profile=profile, setting=setting,
                     step=step)
            for model, number in zip("ab", patients, strict=True)
            for setting, step in (("mode5", 1), ("clicks", 1), ("clicks", 2))
        ]  # fmt: skip
        folders.append(made_run(tmp_path / profile, rows))
    page = html.unescape(page_of(tmp_path, *folders))
    for kind in ("modes", "clicks"):
        said = f"No figure of all {kind} under strict: no case has every answer of all"
        assert said in page
        assert said.replace("strict", "as-released") not in page
    assert any(
        text.startswith("IoU by number of clicks (as-released). Left out under strict")
        for text in captions(page)
    )
