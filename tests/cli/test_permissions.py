"""What the user has no right to: one sentence, and nothing is lost."""

import sys

import pytest

from fakes.dicom_files import series
from fakes.without_powers import without_powers
from napari_sam_med.bench.data.pairing import PairedFiles

ELLIPSE = ("--model", "ellipse", "--slice", 0, "--box", "2,2,9,9")


@pytest.fixture
def bound(call):
    """Call the command line as a user whom permissions bind."""

    def run(*arguments):
        return without_powers(lambda: call(*arguments))

    return run


@pytest.fixture
def image(dataset):
    return dataset / "images" / "a.nii.gz"


@pytest.fixture
def closed(tmp_path):
    """A folder in which nothing may be written."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    yield folder
    folder.chmod(0o755)


def test_a_closed_folder_is_refused_before_work_is_spent(bound, image, closed):
    for name in ("segment", "convert"):
        given = (image, *(ELLIPSE if name == "segment" else ()))
        status, out, err = bound(name, *given, "--out", closed / "new" / "m.nii.gz")
        assert (status, out) == (2, "")
        assert err.strip() == (
            f"{closed}/new/m.nii.gz cannot be written (nothing may be written in "
            f"{closed}); choose another place"
        )


def test_so_is_one_for_a_run(bound, dataset, closed, monkeypatch):
    seen = []
    monkeypatch.setattr(PairedFiles, "load", lambda _self, pair: seen.append(pair))
    folders = (dataset / "images", dataset / "labels")
    asked = ("--model", "ellipse", "--settings", "modes")
    status, out, err = bound("benchmark", *folders, *asked, "--out", closed / "new")
    assert (status, out, seen) == (2, "", [])
    assert f"nothing may be written in {closed}" in err


def test_so_is_one_for_the_table(bound, image, closed, tmp_path):
    out, table = tmp_path / "m.nii.gz", closed / "t.csv"
    status, _, err = bound(
        "segment", image, *ELLIPSE, "--out", out, "--statistics", table
    )
    assert (status, out.exists()) == (2, False)
    assert f"nothing may be written in {closed}" in err


@pytest.mark.parametrize("name", ["I.ima", "a.dcm", "I_0007"])
def test_a_slice_that_may_not_be_opened_is_not_left_out(bound, tmp_path, name):
    folder = series(tmp_path / "series")
    (folder / "004.dcm").rename(folder / name).chmod(0)
    status, _, err = bound("convert", folder, "--out", tmp_path / "v.nrrd")
    assert status == 2
    assert f"{folder / name} cannot be read: it cannot be opened (Permission den" in err


def test_a_folder_that_may_not_be_listed_is_not_called_empty(bound, tmp_path):
    folder = series(tmp_path / "series")
    folder.chmod(0)
    status, _, err = bound("convert", folder, "--out", tmp_path / "v.nrrd")
    folder.chmod(0o755)
    assert status == 2
    assert "cannot be opened (Permission denied)" in err


def test_rows_that_may_not_be_read_are_not_called_damaged(bound, call, dataset):
    call(
        "benchmark", dataset / "images", dataset / "labels", "--model", "ellipse",
        "--no-baselines", "--settings", "modes", "--out", dataset / "run",
    )  # fmt: skip
    (part,) = (dataset / "run" / "results").glob("*.parquet")
    part.chmod(0)
    status, _, err = bound("report", dataset / "run", "--out", dataset / "r.html")
    assert status == 2
    assert "cannot be read (Permission denied)" in err
    assert "remove" not in err
    assert "damaged" not in err


def test_names_of_labels_that_may_not_be_read_are_told_without_numbers(
    bound, dataset, tmp_path
):
    (dataset / "labels" / "labels.json").chmod(0)
    labels = dataset / "labels" / "a.nii.gz"
    status, _, err = bound("convert", labels, "--labels", "--out", tmp_path / "m.nrrd")
    assert status == 2
    assert "labels.json cannot be used (Permission denied)" in err


def test_models_are_listed_though_their_folder_may_not_be_entered(
    bound, closed, monkeypatch
):
    closed.chmod(0)
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(closed))
    status, out, err = bound("models", "list")
    assert (status, err) == (0, "")
    assert "nano" in out
    status, _, err = bound("models", "verify")
    assert status == 2
    assert "set NAPARI_SAM_MED_CACHE to a folder that can be read" in err


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "XDG_CONFIG_HOME"])
@pytest.mark.skipif(sys.platform != "linux", reason="other variables elsewhere")
def test_the_viewer_is_not_begun_where_napari_could_not_start(
    bound, image, closed, monkeypatch, variable
):
    monkeypatch.setenv(variable, str(closed))
    status, _, err = bound("gui", image)
    assert status == 2
    assert len(err.splitlines()) == 1
    assert f"napari keeps files in {closed}/napari, where nothing can be written" in err
    assert f"set {variable} to" in err
