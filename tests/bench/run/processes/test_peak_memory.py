import subprocess
import sys

import numpy as np

from napari_sam_med.bench.run.processes.peak_memory import peak_memory_bytes

MIB = 2**20
TELL = (
    "from napari_sam_med.bench.run.processes.peak_memory import peak_memory_bytes;"
    "print(peak_memory_bytes())"
)


def test_what_was_held_and_let_go_is_counted():
    before = peak_memory_bytes()
    np.ones(before + 64 * MIB, np.uint8)
    assert peak_memory_bytes() >= before + 64 * MIB


def test_a_programs_peak_is_not_that_of_the_process_which_started_it():
    held = np.ones(600 * MIB, np.uint8)
    told = subprocess.run(
        [sys.executable, "-c", TELL], capture_output=True, text=True, check=True
    )
    assert held.all()
    assert 5 * MIB < int(told.stdout) < 400 * MIB
