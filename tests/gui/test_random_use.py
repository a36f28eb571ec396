"""Random use of both docks: nothing is raised, and nothing is left behind.

``NAPARI_SAM_MED_MINUTES=10 pytest -s tests/gui/test_random_use.py`` goes on for as
long, with the window on the screen, and tells how the memory grows.
"""

import ctypes
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from fakes.random_user import RandomUser
from napari_sam_med.gui.napari_io import is_ours
from napari_sam_med.session.background.services import Services

MINUTES = float(os.environ.get("NAPARI_SAM_MED_MINUTES", "0"))
SEED = int(os.environ.get("NAPARI_SAM_MED_SEED", "0"))
GROWTH_MB, WARM_UP = 50, 0.25
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def memory_mb() -> float:
    """What the process has in memory, but for what its allocator keeps for later."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc
    if trim is not None:
        trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * PAGE_BYTES / 1e6


def own_widgets() -> list[str]:
    """Classes of ours of which a widget lives."""
    kinds = (type(each) for each in QApplication.allWidgets())
    return sorted(
        kind.__name__ for kind in kinds if kind.__module__.startswith("napari_sam_med")
    )


def is_known_of_vispy(error: BaseException) -> bool:
    """Whether napari's polygon tool began with two clicks on one place.

    vispy (tried: 0.17) has no triangles for that, with or without the docks.
    """
    root = error.__cause__ or error
    frames = traceback.extract_tb(root.__traceback__)
    where = Path(frames[-1].filename).parts[-3:]
    return where == ("vispy", "geometry", "polygon.py")


def use_for(user, seconds: float, qtbot) -> list[tuple[float, float]]:
    """Act until the time is over; gives memory by time, twenty times."""
    begun, told = time.monotonic(), []
    while (passed := time.monotonic() - begun) < seconds:
        user.act()
        if passed >= len(told) * seconds / 20:
            qtbot.wait(1500)  # prefetching too
            told.append((passed, memory_mb()))
            line = f"{passed:6.0f} s {len(user.done):6d} actions {told[-1][1]:7.0f} MB"
            sys.stderr.write(f"{line}, {len(QApplication.allWidgets())} widgets\n")
    return told


@pytest.mark.skipif(MINUTES == 0, reason="takes NAPARI_SAM_MED_MINUTES")
@pytest.mark.parametrize("keeps_layers", [True, False], ids=["same", "changing"])
def test_random_use_of_the_docks_raises_nothing_and_leaves_nothing(
    make_napari_viewer, qtbot, tmp_path, keeps_layers
):
    services, before = Services(), own_widgets()
    viewer = make_napari_viewer(show=True)
    with qtbot.captureExceptions() as exceptions:
        rng = np.random.default_rng(SEED)
        user = RandomUser(viewer, services, tmp_path, rng, keeps_layers=keeps_layers)
        memory = use_for(user, 60 * MINUTES, qtbot)
        user.leave()
        qtbot.waitUntil(lambda: services.wait_for_end(0.05))
        qtbot.wait(50)
        assert not [each.name for each in viewer.layers if is_ours(each)]
        viewer.close()
        qtbot.waitUntil(lambda: own_widgets() == before)
    exceptions = [each for each in exceptions if not is_known_of_vispy(each[1])]
    assert exceptions == [], user.done[-20:]
    warm = [mb for passed, mb in memory if passed >= WARM_UP * memory[-1][0]]
    assert warm[-1] - warm[0] < GROWTH_MB, memory
