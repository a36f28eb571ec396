"""Counts of Python's calls, where a time would tell how busy the machine is."""

import sys
from collections import Counter
from contextlib import contextmanager

from qtpy.QtCore import QTimer

MOST_IN_A_TURN = 40_000
"""A call takes a microsecond or two: more than these are felt as a window that stands.
A click or its answer takes up to 9,000, and 18,000 with the window on the screen."""


@contextmanager
def counted_calls():
    """Count the calls of this thread: "all", and those of "ours"."""
    calls = Counter()

    def count(frame, event, _value):
        if event == "call":
            calls["all"] += 1
            if "napari_sam_med" in frame.f_code.co_filename:
                calls["ours"] += 1

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@contextmanager
def counted_turns():
    """Count the calls of each turn of Qt's loop, between which the window hears."""
    turns, told = [], [0]
    with counted_calls() as calls:

        def tick():
            turns.append(calls["all"] - told[0])
            told[0] = calls["all"]

        timer = QTimer()
        timer.timeout.connect(tick)
        timer.start(0)
        yield turns
        timer.stop()
        tick()
