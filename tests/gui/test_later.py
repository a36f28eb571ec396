import pytest
from qtpy.QtCore import QObject

from napari_sam_med.gui.shared.later import Turns


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


def test_each_step_has_a_turn_of_its_own(turns, done, qtbot):
    seen = []
    parent = QObject()
    watch = Turns(parent, [lambda: seen.append(list(done))] * 3)
    turns.start()
    watch.start()
    qtbot.waitUntil(lambda: turns.is_done and watch.is_done)
    assert seen == [["a"], ["a", "b"], ["a", "b", "c"]]


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
