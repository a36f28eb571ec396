import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fakes.golden_video import miniature
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models.video import sam2_segmenter
from napari_sam_med.models.video.slice_memory import (
    MOST_PROMPTED,
    SliceMemory,
    nearest_prompted,
)

BOX = Prompts(box_rc=(4, 4, 12, 15))
POINTERS = 16  # slices whose object pointers SAM 2.1 sees
MEGABYTE = 1e6


class Endless:
    """Slices that are drawn when they are asked for, and kept by nobody."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        return rng.integers(0, 256, (40, 48), dtype=np.uint8)


@pytest.fixture
def memories(monkeypatch):
    """What the model remembers in each run, in order."""
    made = []

    class Seen(SliceMemory):
        def __init__(self, *values, **options):
            super().__init__(*values, **options)
            made.append(self)

    monkeypatch.setattr(sam2_segmenter, "SliceMemory", Seen)
    return made


@pytest.mark.parametrize("order", [range(40), range(39, -1, -1)], ids=["up", "down"])
def test_memory_stays_as_it_is_once_the_window_is_full(memories, order):
    sizes = []
    for _ in miniature().track(Endless(40), order, {order[0]: BOX}):
        sizes.append(memories[0].n_bytes)  # noqa: PERF401
    assert sizes[1] < sizes[POINTERS]
    assert len(set(sizes[POINTERS:])) == 1


def test_memory_does_not_grow_with_the_number_of_prompted_slices(memories):
    prompted = dict.fromkeys(range(30), BOX)
    sizes = []
    for _ in miniature().track(Endless(30), range(30), prompted):
        sizes.append(memories[0].n_bytes)  # noqa: PERF401
    assert max(sizes) == sizes[0]


THREE_HUNDRED = """
from models.video.test_slice_memory import BOX, Endless, miniature
from napari_sam_med.bench.run.processes.peak_memory import peak_memory_bytes
for each in miniature().track(Endless(300), range(300), {0: BOX}):
    if each.index in (60, 299):
        print(peak_memory_bytes())
"""


@pytest.mark.slow
def test_three_hundred_slices_take_no_more_memory_than_sixty():
    # in a process of its own: what other tests left in this one comes and goes
    paths = [str(Path(__file__).parents[2]), *(each for each in sys.path if each)]
    ran = subprocess.run(
        [sys.executable, "-c", THREE_HUNDRED],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    early, late = map(int, ran.stdout.split())
    # all slices as the network sees them would be 3.7 MB, their features 8 MB
    assert late - early < 2 * MEGABYTE


def test_the_nearest_prompts_on_both_sides_come_first():
    assert nearest_prompted(10, [0, 1, 12, 30], most=3) == [1, 12, 0]


def test_all_prompts_are_seen_up_to_eight():
    places = range(0, 3 * MOST_PROMPTED, 3)
    assert sorted(nearest_prompted(7, places)) == list(places)


def test_a_far_prompt_on_the_other_side_is_not_lost_to_nearer_ones():
    assert 100 in nearest_prompted(50, [*range(30, 50), 100])
