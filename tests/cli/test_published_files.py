"""The whole way of a published file: server, store, network, benchmark, report.

The files hold stand-in weights in their authors' layouts. FocalClick's and
SimpleClick's have no official address for programs, so a mirror serves them under the
cards' names.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fakes.file_server import Behaviour, serving
from fakes.golden_clickers import full_folder
from fakes.official_files import FOLDERS, write_official
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.volume_files import read_labels, read_volume
from napari_sam_med.io.writing.export import write_labels, write_volume
from napari_sam_med.models.registry import card_of, cards
from napari_sam_med.models.weight_files import sha256_of

SAMPLES = Path(__file__).parents[2] / "sample_data"
SIDE_PX = 96
LARGE = "simpleclick_vit_b"
ASKED_FOR = {
    "focalclick_b0_s1": "/focalclick_b0_s1.pth",
    "ritm_h18": "/coco_lvis_h18_itermask.pth",
    "simpleclick_vit_b": "/simpleclick_vit_b.pth",
    "mobile_sam": "/mobile_sam.pt",
}


@pytest.fixture
def part(tmp_path):
    """A piece of an ultrasound image of the samples, with a piece of its lesion."""
    image = read_volume(SAMPLES / "us_images" / "lesion_0.mha")
    labels = read_labels(SAMPLES / "us_labels" / "lesion_0.mha").array
    row, col = (int(np.median(each)) for each in np.nonzero(labels[0]))
    cut = (slice(None), slice(row - SIDE_PX, row), slice(col - SIDE_PX, col))
    write_volume(tmp_path / "image.mha", Volume(image.array[cut], image.geometry))
    write_labels(tmp_path / "labels.mha", labels[cut], image.geometry)
    return tmp_path / "image.mha", tmp_path / "labels.mha"


@pytest.mark.parametrize(
    "name",
    [
        "focalclick_b0_s1",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("ritm_h18", "simpleclick_vit_b", "mobile_sam")
        ),
    ],
)
def test_a_published_file_is_fetched_verified_loaded_and_benchmarked(
    name, call, part, tmp_path, monkeypatch
):
    if name == LARGE:
        full_folder(FOLDERS[name])  # its test is left out with those of that folder
    file = write_official(name, tmp_path / "official")
    digest, card = sha256_of(file), card_of(name)
    if card.sha256:
        known = replace(card, sha256=digest, size=file.stat().st_size)
        monkeypatch.setitem(cards(), name, known)
    behaviour = Behaviour(file.read_bytes())
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))
    with serving(behaviour) as address:
        monkeypatch.setenv("NAPARI_SAM_MED_MIRROR", address)
        status, out, _ = call("models", "download", name, "--yes")
    assert status == 0
    assert card.licence in out
    assert behaviour.paths == [ASKED_FOR[name]]

    status, out, _ = call("models", "verify")
    assert status == 0
    assert out == f"{name}: {digest} is right\n"

    status, _, err = call(
        "benchmark", *part, "--model", name, "--profile", "as-released",
        "--clicks", 2, "--device", "cpu", "--out", tmp_path / "run",
    )  # fmt: skip
    assert (status, err) == (0, "")
    rows = pd.read_parquet(tmp_path / "run" / "results")
    assert (rows["error"] == "").all()
    assert rows["iou"].between(0, 1).all()
    assert {"mode1", "mode2", "clicks"} <= set(rows["setting"])
    assert ("mode3" in set(rows["setting"])) == ("boxes" in card.prompts)
    assert set(rows["model_sha256"]) == {digest}
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["models"][name]["sha256"] == digest
    assert (tmp_path / "run" / "report.html").stat().st_size > 1000
