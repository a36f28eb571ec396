import time
from functools import partial

import pytest
from qtpy.QtCore import QObject, QTimer

from napari_sam_med.gui.shared import later
from napari_sam_med.gui.shared.later import Turns

SHORT_S = 0.1


@pytest.fixture
def done():
    return []


@pytest.fixture
def turns(qapp, done):
    parent = QObject()
    yield Turns(parent, [lambda name=name: done.append(name) for name in "abc"])
    parent.deleteLater()


def test_nothing_is_done_in_the_turn_that_asks(turns, done):
    turns.start()
    assert done == []
    assert not turns.is_done


def seen_between(steps, qtbot):
    """What was done at each moment at which the loop could do something else."""
    done, seen, parent = [], [], QObject()
    turns = Turns(parent, [partial(step, done) for step in steps])
    watch = QTimer(parent)
    watch.timeout.connect(lambda: seen.append("".join(done)))
    turns.start()
    watch.start(0)
    qtbot.waitUntil(lambda: turns.is_done)
    watch.stop()
    return list(dict.fromkeys(seen)), "".join(done)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """So long that a busy machine makes no quick step a slow one."""
    monkeypatch.setattr(later, "SHORT_S", SHORT_S)


def slow(done):
    time.sleep(1.2 * SHORT_S)
    done.append("s")


def quick(done):
    done.append("q")


def test_each_step_that_takes_long_has_a_turn_of_its_own(qapp, qtbot):
    seen, done = seen_between([slow, slow, slow], qtbot)
    assert done == "sss"
    assert seen[:2] == ["s", "ss"]


def test_steps_that_find_nothing_to_do_share_a_turn(qapp, qtbot):
    seen, done = seen_between([quick, quick, slow, quick], qtbot)
    assert done == "qqsq"
    assert "q" not in seen
    assert seen[0] == "qqs"


def test_asked_again_under_way_all_steps_come_once_more(qapp, done, qtbot):
    parent = QObject()

    def second():
        done.append("b")
        if done.count("b") == 1:
            turns.start()
            turns.start()

    turns = Turns(parent, [lambda: done.append("a"), second, lambda: done.append("c")])
    turns.start()
    qtbot.waitUntil(lambda: turns.is_done)
    assert "".join(done) == "abcabc"


def test_all_at_once_leaves_nothing_to_come(turns, done, qtbot):
    turns.start()
    turns.run()
    qtbot.wait(20)
    assert "".join(done) == "abc"


def test_stopped_steps_do_not_come(turns, done, qtbot):
    turns.start()
    turns.stop()
    qtbot.wait(20)
    assert done == []


def test_steps_that_wait_come_at_once_when_asked_without_a_wait(turns, done, qtbot):
    turns.start(60_000)
    qtbot.wait(20)
    assert done == []
    assert not turns.is_done
    turns.start()
    qtbot.waitUntil(lambda: turns.is_done)
    assert "".join(done) == "abc"


def test_steps_that_wait_come_by_themselves(turns, done, qtbot):
    turns.start(20)
    qtbot.waitUntil(lambda: turns.is_done)
    assert "".join(done) == "abc"


def test_a_turn_whose_time_is_over_before_it_begins_still_does_a_step(
    qapp, qtbot, monkeypatch
):
    """A busy machine may take the processor away at the head of a turn."""
    monkeypatch.setattr(later, "SHORT_S", 0)
    assert seen_between([quick, quick, quick], qtbot)[1] == "qqq"
