"""Whatever we write: a full disk is one sentence, and the older file stays.

A limit on the size of files stands for the full disk, in a process of its own.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_sam_med.bench.protocol.run_settings import RunSettings

SCRIPT = """
import json, resource, sys
from pathlib import Path

import numpy as np
import torch

from napari_sam_med.bench.report.report_page import write_report
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.measures.label_statistics import statistics_of
from napari_sam_med.errors import SamMedError
from napari_sam_med.io.writing.tables import write_statistics
from napari_sam_med.models.weights.checkpoints import CheckpointStore
from napari_sam_med.models.nano.nano_network import build_nano
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.weights.stand_ins import write_stand_ins
from napari_sam_med.samples.sample_files import COLLECTIONS, write_samples
from napari_sam_med.session.replay import save_records, Record
from napari_sam_med.training import run_checkpoints
from napari_sam_med.training.run_checkpoints import RunState
from napari_sam_med.training.weights_export import export
from napari_sam_med.training.steps import Trainee

folder = Path(sys.argv[1])
record = Record("a", 0, 1, (1.0, 1.0), None, {}, 1, "nano", "0" * 64, 0, 0.5)
trainee = Trainee(build_nano())
state = RunState.fresh(trainee, torch.optim.SGD(trainee.parameters(), lr=0.1))
run_checkpoints.save(state, folder / "whole")
labels = np.arange(400).reshape(1, 20, 20)
rows = statistics_of(labels, Volume(labels))
weights = folder / "stand_in.safetensors"
store = CheckpointStore(folder / "store")
weights_file = folder / "weights.pth"
torch.save({"a": torch.zeros(9000)}, weights_file)
run = RunStore(folder / "run")
kinds = {
    "prompts.json": lambda path: save_records(path, [record] * 20),
    "checkpoint.pt": lambda path: run_checkpoints.save(state, path.parent),
    "nano.safetensors": lambda path: export(folder / "whole", path),
    "statistics.csv": lambda path: write_statistics(path, rows, overwrite=True),
    "manifest.json": lambda path: RunStore(path.parent).finish(),
    "stand_in.safetensors": lambda path: write_stand_ins(
        {"a": torch.zeros(9000)}, path
    ),
    "samples": lambda path: write_samples(path, COLLECTIONS[2:3]),
    "store/medsam.pth": lambda path: store._take_copy(
        card_of("sam_vit_b"), weights_file, path
    ),
}
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
said = {}
for name, write in kinds.items():
    try:
        write(folder / name)
    except SamMedError as error:
        said[name] = str(error)
print(json.dumps(said))
"""
OLDER = {
    "prompts.json": "older",
    "checkpoint.pt": "older",
    "nano.safetensors": "older",
    "statistics.csv": "older",
    "manifest.json": json.dumps(
        {
            "format": "napari-sam-med benchmark 1",
            "settings": RunSettings().to_json(),
            "files": [],
            "models": {},
            "versions": {},
            "started": "2026-01-01T00:00:00+00:00",
            "dataset": "y" * 400,
        }
    ),
    "store/medsam.pth": "older",
}
NEW = ("stand_in.safetensors", "samples")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    folder = tmp_path_factory.mktemp("full")
    (folder / "store").mkdir()
    for name, text in OLDER.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


@pytest.mark.parametrize("name", [*OLDER, *NEW])
def test_a_full_disk_is_one_sentence(full, name):
    said, _ = full
    assert "written" in said[name]
    assert "\n" not in said[name]


@pytest.mark.parametrize("name", OLDER)
def test_the_older_file_stays(full, name):
    assert (full[1] / name).read_text() == OLDER[name]


@pytest.mark.parametrize("name", NEW)
def test_no_half_of_a_new_file_stays(full, name):
    assert not (full[1] / name).exists()


def test_nothing_is_left_aside(full):
    assert [p for p in Path(full[1]).rglob("*") if "part" in p.name] == []
