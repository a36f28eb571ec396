"""Masks of a stored run as files."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fakes.small_files import blocks, write_pair
from napari_sam_med.core.metrics import dice
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.models.loading import bundled_weights


@pytest.fixture
def run(call, dataset):
    """A run over ``dataset``; returns its folder and those of the data."""

    def start(*extra):
        status, _, err = call(
            "benchmark", dataset / "images", dataset / "labels", "--model", "ellipse",
            "--no-baselines", "--out", dataset / "run", *extra,
        )  # fmt: skip
        assert (status, err) == (0, "")
        return dataset / "run", dataset / "images", dataset / "labels"

    return start


def test_masks_have_the_geometry_of_the_image_and_the_dice_of_the_rows(
    run, call, dataset
):
    folders = run("--settings", "modes", "--profile", "as-released")
    out = dataset / "masks"
    assert call("export", *folders, "--masks", "--out", out)[0] == 0
    (line,) = pd.read_csv(out / "masks.csv").to_dict("records")
    written = read_labels(out / line["file"])
    image = read_volume(next((dataset / "images").iterdir()))
    truth = read_labels(next((dataset / "labels").iterdir())).array > 0
    assert written.geometry.spacing_zyx == pytest.approx(image.geometry.spacing_zyx)
    rows = pd.read_parquet(dataset / "run" / "results")
    rows = rows[rows["setting"].eq("mode5") & rows["selection"].eq(line["selection"])]
    for row in rows.itertuples():
        own = written.array[row.slice] > 0
        assert dice(own, truth[row.slice]) == pytest.approx(row.dice)
    assert line["dice_slices"] == pytest.approx(rows["dice"].mean(), abs=1e-6)
    assert line["dice_volume"] == pytest.approx(
        dice(written.array > 0, truth), abs=1e-6
    )
    assert line["n_slices"] == 2


def test_a_second_export_is_the_same_and_replaces_nothing_unasked(run, call, dataset):
    folders = run("--settings", "modes")
    arguments = ("export", *folders, "--masks", "--out", dataset / "masks")
    assert call(*arguments)[0] == 0
    first = {p.name: read_labels(p).array for p in (dataset / "masks").glob("*.gz")}
    status, _, err = call(*arguments)
    assert status == 2
    assert "exists already; choose another name, or add --overwrite" in err
    assert call(*arguments, "--overwrite")[0] == 0
    for name, array in first.items():
        assert (read_labels(dataset / "masks" / name).array == array).all()


def test_one_file_in_the_way_is_told_before_any_is_written(run, call, dataset):
    write_pair(dataset, "b.nii.gz")
    folders, out = run("--settings", "modes"), dataset / "masks"
    arguments = ("export", *folders, "--masks", "--out", out)
    call(*arguments)
    first, second = sorted(out.glob("*.gz"))
    first.unlink()
    (out / "masks.csv").unlink()
    status, _, err = call(*arguments)
    assert status == 2
    assert f"{second} exists already" in err
    assert [*out.iterdir()] == [second]


def test_a_model_that_cannot_be_loaded_is_told_before_any_mask_is_written(
    run, call, dataset
):
    weights = dataset / "mine.safetensors"
    weights.write_bytes(bundled_weights("nano").read_bytes())
    own = ("--model", f"nano@mine={weights}", "--settings", "modes")
    folders, out = run(*own, "--max-slices", "1"), dataset / "masks"
    status, _, err = call("export", *folders, "--masks", "--out", out)
    assert status == 2
    assert "nano@mine has no file" in err
    assert not out.exists()


def test_objects_found_in_a_volume_are_exported_too(run, call, dataset):
    folders = run("--profile", "sam2-medical")
    status, _, err = call(
        "export", *folders, "--masks", "--setting", "box_middle_both",
        "--out", dataset / "masks",
    )  # fmt: skip
    assert (status, err) == (0, "")
    (line,) = pd.read_csv(dataset / "masks" / "masks.csv").to_dict("records")
    rows = pd.read_parquet(dataset / "run" / "results")
    (row,) = rows[rows["setting"].eq("box_middle_both")].itertuples()
    assert line["dice_volume"] == pytest.approx(row.dice, abs=1e-6)


def test_masks_of_pictures_are_pictures(call, tmp_path):
    for folder, array in (("i", 30), ("l", 0)):
        (tmp_path / folder).mkdir()
        picture = np.full((24, 32), array, np.uint8)
        picture[6:15, 8:20] = 200 if folder == "i" else 1
        Image.fromarray(picture).save(tmp_path / folder / "a.png")
    folders = (tmp_path / "i", tmp_path / "l")
    call(
        "benchmark", *folders, "--model", "ellipse", "--settings", "modes",
        "--out", tmp_path / "run",
    )  # fmt: skip
    status, _, _ = call(
        "export", tmp_path / "run", *folders, "--masks", "--model", "ellipse",
        "--out", tmp_path / "masks",
    )  # fmt: skip
    assert status == 0
    (path,) = (tmp_path / "masks").glob("*.png")
    assert set(np.unique(np.asarray(Image.open(path)))) == {0, 255}


def test_images_of_almost_one_name_have_masks_of_their_own(call, tmp_path):
    names = {"a b": 6, "a-b": 7, "A-B": 8, "b" * 200: 9, "b" * 199 + "c": 10}
    for folder in ("i", "l"):
        (tmp_path / folder).mkdir()
    for name, top in names.items():
        picture = np.zeros((24, 32), np.uint8)
        picture[top : top + 9, 8:20] = 1
        Image.fromarray(picture * 200).save(tmp_path / "i" / f"{name}.png")
        Image.fromarray(picture).save(tmp_path / "l" / f"{name}.png")
    call(
        "benchmark", tmp_path / "i", tmp_path / "l", "--model", "ellipse",
        "--no-baselines", "--settings", "modes", "--out", tmp_path / "run",
    )  # fmt: skip
    out = tmp_path / "masks"
    for more in ((), ("--overwrite",)):
        assert call("export", tmp_path / "run", "--masks", "--out", out, *more)[0] == 0
    table = pd.read_csv(out / "masks.csv")
    assert table["file"].str.casefold().is_unique
    for line in table.to_dict("records"):
        rows = np.nonzero(np.asarray(Image.open(out / line["file"])))[0]
        assert rows.min() == names[line["image"]]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ((), "give --masks"),
        (("--masks", "--setting", "mode9"), "it has the settings mode1"),
        (("--masks", "--model", "nano"), "no such answer"),
        (("--masks", "--setting", "mode1", "--step", "9"), "mode1 has the steps 1 and"),
    ],
)
def test_what_cannot_be_exported_is_refused(run, call, dataset, extra, said):
    folders = run("--settings", "modes")
    status, _, err = call("export", *folders, "--out", dataset / "masks", *extra)
    assert status == 2
    assert said in err
    assert not (dataset / "masks").exists()


def test_other_data_than_the_runs_are_refused(run, call, dataset):
    from fakes.small_files import write_pair

    run("--settings", "modes")
    write_pair(dataset / "other", n_slices=3)
    other = (dataset / "other" / "images", dataset / "other" / "labels")
    status, _, err = call(
        "export", dataset / "run", *other, "--masks", "--out", dataset / "masks"
    )
    assert status == 2
    assert "is no file of" in err


def test_answers_to_the_challenge_are_npz_files_with_all_labels(call, tmp_path):
    image, labels = blocks(3)
    labels = labels.copy()
    labels[:, :2, :2] = 3
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "a.npz", imgs=image, gts=labels, spacing=(1, 1, 2))
    run = tmp_path / "run"
    arguments = ("--profile", "cvpr25-3d", "--model", "ellipse", "--out", run)
    assert call("benchmark", tmp_path / "npz", *arguments)[0] == 0
    out = ("--masks", "--model", "ellipse", "--setting", "clicks", "--out")
    assert call("export", run, tmp_path / "npz", *out, tmp_path / "given")[0] == 0
    assert call("export", run, *out, tmp_path / "found")[0] == 0
    lines = pd.read_csv(tmp_path / "given" / "masks.csv")
    assert set(lines["file"]) == {"ellipse/a.npz"}
    with np.load(tmp_path / "given" / "ellipse" / "a.npz") as stored:
        answer = stored["segs"]
    with np.load(tmp_path / "found" / "ellipse" / "a.npz") as stored:
        assert (stored["segs"] == answer).all()
    assert answer.shape == labels.shape
    rows = pd.read_parquet(run / "results")
    rows = rows[rows["model"].eq("ellipse") & rows["step"].eq(5)].set_index("label")
    top = max(lines["label"])  # of two that overlap the later one is whole
    assert dice(answer == top, labels == top) == pytest.approx(rows.loc[top, "dice"])


def test_the_data_need_not_be_named_where_they_lie_as_they_did(run, call, dataset):
    folder, *_ = run("--settings", "modes")
    assert call("export", folder, "--masks", "--out", dataset / "masks")[0] == 0
    (folder / "data_places.json").unlink()
    status, _, err = call("export", folder, "--masks", "--out", dataset / "more")
    assert status == 2
    assert "does not say where its images lie" in err


@pytest.mark.parametrize("data", ["images", "labels"])
def test_no_file_of_the_data_is_overwritten(run, call, dataset, data):
    folders = run("--settings", "modes")
    arguments = ("export", *folders, "--masks", "--out", dataset / "masks")
    assert call(*arguments)[0] == 0
    (mask,) = (dataset / "masks").glob("*.gz")
    (file,) = (dataset / data).glob("*.gz")
    before = file.read_bytes()
    mask.unlink()
    mask.symlink_to(file)
    status, _, err = call(*arguments, "--overwrite")
    assert status == 2
    assert "is a file of the run's data, which is never overwritten" in err
    assert file.read_bytes() == before


def test_no_file_of_the_challenge_is_overwritten(call, tmp_path):
    image, labels = blocks(3)
    npz = tmp_path / "ellipse" / "a.npz"
    npz.parent.mkdir()
    np.savez(npz, imgs=image, gts=labels, spacing=(1, 1, 2))
    run, before = tmp_path / "run", npz.read_bytes()
    profile = ("--profile", "cvpr25-3d", "--model", "ellipse", "--out", run)
    assert call("benchmark", npz.parent, *profile)[0] == 0
    status, _, err = call(
        "export", run, "--masks", "--model", "ellipse", "--setting", "clicks",
        "--out", tmp_path, "--overwrite",
    )  # fmt: skip
    assert status == 2
    assert "is a file of the run's data, which is never overwritten" in err
    assert npz.read_bytes() == before


def test_options_on_data_without_the_data_are_refused(run, call, dataset):
    folder, *_ = run("--settings", "modes")
    status, _, err = call(
        "export", folder, "--masks", "--max-slices", 1, "--out", dataset / "masks"
    )
    assert status == 2
    assert "give IMAGES and LABELS too, or leave out what tells about data" in err
