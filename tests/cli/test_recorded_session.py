"""A person's saved prompts as the cases of a benchmark."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import SimpleITK as sitk

from fakes.small_files import write_pair
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.io.volume_files import read_volume
from napari_sam_med.session.replay import Record, save_records
from napari_sam_med.session.saved_session import (
    ImageIdentity,
    SavedLayer,
    SavedRules,
    SavedSession,
)

CLICKS = Prompts([(8, 10), (12, 16), (2, 2)], [1, 1, 0])
BOX = Prompts(box_rc=(6, 8, 14, 19))


def record_of(prompts, index=1, image="a", axis=0):
    return Record(
        image=image, axis=axis, index=index, spacing_rc=(0.8, 0.8), window=(0, 255),
        prompts=prompts.to_json(), label=3, model="nano", sha256="", chosen=0,
        score=0.9,
    )  # fmt: skip


@pytest.fixture
def run(call, dataset):
    """Benchmark saved prompts on two slices with one block each."""

    def benchmark(records, *extra):
        save_records(dataset / "session.json", records)
        return call(
            "benchmark", dataset / "images", dataset / "labels", "--prompts-from",
            dataset / "session.json", "--model", "ellipse", "--out", dataset / "run",
            *extra,
        )  # fmt: skip

    return benchmark


def test_clicks_of_a_person_are_asked_one_after_the_other(run, dataset):
    assert run([record_of(CLICKS)])[0] == 0
    rows = RunStore(dataset / "run").rows()
    assert set(rows["setting"]) == {"recorded_clicks"}
    assert set(rows["slice"]) == {1}
    first = rows[rows["selection"].eq("best_score")].sort_values("step")
    asked = [Prompts.from_json(json.loads(text)[0]) for text in first["prompts"]]
    assert [len(one.labels) for one in asked] == [1, 2, 3]
    assert asked[2].points_rc.tolist() == CLICKS.points_rc.tolist()
    assert asked[2].labels.tolist() == [1, 1, 0]


def test_a_box_of_a_person_is_a_row_of_its_own_and_stands_in_the_report(run, dataset):
    assert run([record_of(BOX, 0), record_of(CLICKS)])[0] == 0
    summary = pd.read_csv(dataset / "run" / "summary.csv")
    assert set(summary["setting"]) == {"recorded_box", "recorded_clicks"}
    box = summary[summary["setting"].eq("recorded_box")]
    assert (box["mean"] > 0.7).all()
    page = (dataset / "run" / "report.html").read_text()
    assert "Recorded session: a person" in page


def test_a_run_with_a_session_goes_on_only_with_the_same_session(run, dataset):
    assert run([record_of(CLICKS)])[0] == 0
    assert run([record_of(CLICKS)])[0] == 0
    status, _, err = run([record_of(CLICKS), record_of(BOX, 0)])
    assert status == 2
    assert "prompts_sha256 was" in err
    manifest = json.loads((dataset / "run" / "manifest.json").read_text())
    assert manifest["prompts_from"] == "session session.json"
    assert "--prompts-from" in manifest["command"]


def test_the_terminal_shows_what_a_persons_prompts_gave(run):
    _, out, _ = run([record_of(BOX, 0), record_of(CLICKS)])
    lines = [line for line in out.splitlines() if "a person's" in line]
    assert [line.split("│")[1].strip() for line in lines if "│" in line] == [
        "a person's box", "a person's 1 click", "a person's 3 clicks",
    ]  # fmt: skip


def test_prompts_that_are_not_there_are_asked_for_in_a_sentence(call, dataset):
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--prompts-from",
        dataset / "no.json", "--model", "ellipse", "--out", dataset / "run",
    )  # fmt: skip
    assert status == 2
    assert "no.json does not exist; give the folder of a run, or a file" in err


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (record_of(Prompts([(2, 2)], [1])), "slice 1 of a lie on no object"),
        (record_of(BOX, image="other"), "other, which is not among the images given"),
        (record_of(BOX, axis=2), "give --axis 2"),
        (record_of(BOX, index=7), "slice 7 of a lie outside of the image"),
    ],
)
def test_prompts_that_mean_no_object_are_refused(run, dataset, record, said):
    status, _, err = run([record])
    assert status == 2
    assert said in err
    assert not (dataset / "run").exists()


def test_several_models_are_asked_the_same_clicks(run, dataset):
    write_pair(dataset, "b.nii.gz")
    assert run([record_of(CLICKS)], "--model", "random_walker")[0] == 0
    rows = RunStore(dataset / "run").rows()
    asked = rows.groupby(["model", "step"])["prompts"].first().unstack("model")
    assert (asked["ellipse"] == asked["random_walker"]).all()
    assert set(rows["image"]) == {"a"}


def session_of(volume):
    return SavedSession(
        image=ImageIdentity.of(volume), window=(0, 255), model="nano", sha256="",
        started="", saved="", axis=0, index=0, label=1, points_zyx=[],
        point_labels=[], boxes=[], choices=[], objects=[], sources=[],
    )  # fmt: skip


@pytest.mark.parametrize(("change", "status"), [(0, 0), (1, 2)])
def test_the_image_of_a_session_is_known_by_its_voxels(call, dataset, change, status):
    volume = read_volume(dataset / "images" / "a.nii.gz")
    shown = replace(volume, array=volume.array + volume.array.dtype.type(change))
    save_records(dataset / "session.json", [record_of(CLICKS)], session_of(shown))
    found, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--prompts-from",
        dataset / "session.json", "--model", "ellipse", "--out", dataset / "run",
    )  # fmt: skip
    assert found == status
    assert ("other voxels than the image of that name" in err) == bool(status)


@pytest.mark.parametrize(("change", "status"), [(0, 0), (1, 2)])
def test_a_session_whose_image_was_renamed_is_known_by_its_voxels(
    call, dataset, change, status
):
    volume = read_volume(dataset / "images" / "a.nii.gz")
    shown = replace(volume, array=volume.array + volume.array.dtype.type(change))
    session = session_of(replace(shown, name="scan of today"))
    records = [record_of(CLICKS, image=name) for name in ("a", "scan of today")]
    save_records(dataset / "session.json", records, session)
    found, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--prompts-from",
        dataset / "session.json", "--model", "ellipse", "--out", dataset / "run",
    )  # fmt: skip
    assert found == status
    assert ("other voxels than the image of that name" in err) == bool(status)


LEFT, RIGHT = Prompts(box_rc=(6, 8, 14, 12)), Prompts(box_rc=(6, 14, 14, 19))
WRITTEN = SavedRules(keep_others=True, locked=(), adds=False)


def boxes_asked(dataset):
    """The boxes of each answer, of one selection."""
    rows = RunStore(dataset / "run").rows()
    first = rows[rows["selection"].eq("best_score")].sort_values("step")
    return [
        [Prompts.from_json(one).box_rc.tolist() for one in json.loads(text)]
        for text in first["prompts"]
    ], first


@pytest.mark.parametrize(
    "second",
    [
        {"is_part": True},
        {"rules": replace(WRITTEN, adds=True)},
        {"label": 4},
        {"label": 4, "is_part": True},
    ],
    ids=["parts", "added", "another object", "together"],
)
def test_all_boxes_that_the_dock_keeps_of_one_object_are_asked_and_joined(
    run, dataset, second
):
    records = [
        replace(record_of(LEFT), rules=WRITTEN),
        replace(record_of(RIGHT), **{"rules": WRITTEN, **second}),
    ]
    status, _, err = run(records)
    assert (status, err) == (0, "")
    (asked,), rows = boxes_asked(dataset)
    assert asked == [LEFT.box_rc.tolist(), RIGHT.box_rc.tolist()]
    assert rows["iou"].item() > 0.6  # one box holds half of the object


def test_clicks_of_several_boxes_come_one_after_the_other(run, dataset):
    box = LEFT.box_rc
    clicked = Prompts([(8, 10), (9, 11)], [1, 1], box)
    more = Prompts([(8, 16)], [1], RIGHT.box_rc)
    records = [
        replace(record_of(clicked), rules=WRITTEN),
        replace(record_of(more), rules=WRITTEN, is_part=True),
    ]
    status, _, err = run(records, "--model", "nano", "--no-baselines")
    assert (status, err) == (0, "")
    rows = RunStore(dataset / "run").rows()
    mine = rows[rows["model"].eq("nano") & rows["selection"].eq("best_score")]
    asked = {
        (row.setting, row.step): [len(one["labels"]) for one in json.loads(row.prompts)]
        for row in mine.itertuples()
    }
    assert asked == {
        ("recorded_box", 1): [0, 0],
        ("recorded_clicks", 1): [1, 0],
        ("recorded_clicks", 2): [2, 0],
        ("recorded_clicks", 3): [2, 1],
    }
    page = " ".join((dataset / "run" / "report.html").read_text().split())
    assert (
        "nano alone; of 1 object the masks of several prompts were joined, and" in page
    )


def test_a_mask_that_was_accepted_anew_replaces_the_earlier_prompts(run, dataset):
    records = [replace(record_of(box), rules=WRITTEN) for box in (LEFT, RIGHT)]
    status, _, err = run(records)
    assert (status, err) == (0, "")
    (asked,), _ = boxes_asked(dataset)
    assert asked == [RIGHT.box_rc.tolist()]


def test_what_is_left_out_of_an_older_file_is_said(run, dataset):
    status, _, err = run([record_of(LEFT), record_of(RIGHT)])
    assert status == 0
    assert err.startswith(
        "Note: of the prompts for label 3 on slice 1 of a those accepted last are asked"
    )
    assert len(err.splitlines()) == 1
    (asked,), _ = boxes_asked(dataset)
    assert asked == [RIGHT.box_rc.tolist()]


@pytest.mark.parametrize(("pixel_mm", "told"), [(0.8, False), (0.4, True)])
def test_pixels_of_another_size_than_those_prompted_are_told(run, pixel_mm, told):
    record = replace(record_of(CLICKS), spacing_rc=(pixel_mm, pixel_mm))
    status, _, err = run([record])
    assert status == 0
    assert ("prompts were made on pixels of 0.4 x 0.4 mm" in err) == told


def test_masks_of_a_session_are_those_of_each_objects_last_click(call, run, dataset):
    one_click = Prompts([(8, 10)], [1])
    assert run([record_of(one_click, 0), record_of(CLICKS)])[0] == 0
    assert call("export", dataset / "run", "--masks", "--out", dataset / "m")[0] == 0
    (line,) = pd.read_csv(dataset / "m" / "masks.csv").to_dict("records")
    assert (line["step"], line["n_slices"]) == (3, 2)
    mask = read_volume(dataset / "m" / line["file"]).array
    assert mask.any(axis=(1, 2)).all()


ORGANS, LESIONS = SavedLayer("k", "organs"), SavedLayer("l", "lesions")


@pytest.mark.parametrize(
    ("then", "kept"),
    [(((3, 0),), [RIGHT]), (((3, 4),), [RIGHT, LEFT]), (((3, 4), (4, 0)), [])],
    ids=["deleted", "merged", "merged and deleted"],
)
def test_prompts_of_deleted_objects_are_not_asked(run, dataset, then, kept):
    other = replace(record_of(BOX, 0), label=9, layer=ORGANS)
    of = {"rules": WRITTEN, "layer": ORGANS}
    records = [
        other,
        replace(record_of(LEFT), **of),
        replace(record_of(RIGHT), label=4, then=then, **of),
    ]
    status, _, err = run(records)
    assert (status, err) == (0, "")
    asked, _ = boxes_asked(dataset)
    wanted = [BOX.box_rc.tolist()], [box.box_rc.tolist() for box in kept]
    assert sorted(asked) == sorted(each for each in wanted if each)


def test_a_session_whose_objects_were_all_deleted_is_refused(run):
    status, _, err = run([replace(record_of(LEFT), layer=ORGANS, then=((3, 0),))])
    assert status == 2
    assert "was deleted" in err


def test_of_two_layers_over_one_object_the_last_one_is_asked(run, dataset):
    records = [
        replace(record_of(box), rules=WRITTEN, layer=layer)
        for box, layer in ((LEFT, ORGANS), (RIGHT, LESIONS))
    ]
    status, _, err = run(records)
    assert status == 0
    assert "they went into another Labels layer than the earlier ones" in err
    (asked,), _ = boxes_asked(dataset)
    assert asked == [RIGHT.box_rc.tolist()]


def test_prompts_on_a_time_point_are_asked_of_that_time_point(run, dataset):
    for folder in ("images", "labels"):
        (path,) = (dataset / folder).glob("*.nii.gz")
        drawn = sitk.ReadImage(str(path))
        sitk.WriteImage(sitk.JoinSeries([0 * drawn, drawn]), str(path))
    asked = [record_of(BOX, image="a (time 1)")]
    status, _, err = run(asked, "--time", 1)
    assert status == 0, err
    assert set(RunStore(dataset / "run").rows()["setting"]) == {"recorded_box"}
    status, _, err = run(asked, "--time", 0)
    assert status == 2
    assert "holds prompts of a (time 1), which is not among the images given" in err
