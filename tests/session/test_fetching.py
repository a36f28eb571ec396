import threading

import pytest

from napari_sam_med.errors import CheckpointError, DownloadCancelledError
from napari_sam_med.session.background.fetching import (
    FetchEnd,
    Fetching,
    FetchStep,
    Pace,
)
from napari_sam_med.session.background.serial_worker import SharedWorker

WAIT_S = 60


@pytest.fixture
def ended():
    return threading.Event()


@pytest.fixture
def fetch(ended):
    """Run something to its end and give back what was told."""

    def run(get, during=None):
        news = []

        def deliver(one):
            news.append(one)
            if isinstance(one, FetchEnd):
                ended.set()

        shared = SharedWorker("test downloads")
        task = Fetching(shared, deliver)
        task.open()
        task.start("weights", get)
        if during is not None:
            during(task)
        assert ended.wait(WAIT_S)
        task.close()
        assert shared.wait_for_end(WAIT_S)
        return news

    return run


def test_the_end_comes_last_and_without_a_fault(fetch):
    def get(progress, cancelled):
        progress(10, 100)
        progress(100, 100)

    news = fetch(get)
    assert news[0] == FetchStep("weights", 10, 100)
    assert news[-1] == FetchEnd("weights")


def test_it_does_not_run_on_the_callers_thread(fetch):
    threads = []
    fetch(lambda *_: threads.append(threading.get_ident()))
    assert threads != [threading.get_ident()]


def test_news_of_many_pieces_come_less_often(fetch):
    def get(progress, cancelled):
        for done in range(1000):
            progress(done, 1000)

    assert len(fetch(get)) < 50


def test_a_fault_is_told_in_its_own_words(fetch):
    def get(progress, cancelled):
        msg = "the file is another one"
        raise CheckpointError(msg)

    assert fetch(get) == [FetchEnd("weights", "the file is another one")]


def test_a_fault_that_nobody_foresaw_is_told_with_its_kind(fetch):
    def get(progress, cancelled):
        return 1 / 0

    assert fetch(get)[-1].error == "ZeroDivisionError: division by zero"


def test_a_cancelled_one_ends_as_such(fetch):
    begun = threading.Event()

    def get(progress, cancelled):
        begun.set()
        while not cancelled():
            progress(1, 2)
        msg = "stopped at 1"
        raise DownloadCancelledError(msg)

    def during(task):
        assert begun.wait(WAIT_S)
        task.cancel()

    end = fetch(get, during)[-1]
    assert (end.cancelled, end.error) == (True, "stopped at 1")


def test_what_came_in_an_earlier_attempt_makes_it_no_faster():
    pace = Pace()
    pace.seconds_left(900, 1000, now_s=10.0)
    assert pace.seconds_left(910, 1000, now_s=11.0) == 9.0


@pytest.mark.parametrize("total", [0, 500])
def test_nobody_knows_the_time_left_without_a_total_or_before_a_second_piece(total):
    assert Pace().seconds_left(100, total, now_s=1.0) is None


def test_one_that_waits_for_another_docks_can_be_cancelled(fetch):
    shared, inside, go_on = SharedWorker("test"), threading.Event(), threading.Event()
    other, news, told = Fetching(shared, lambda _: None), [], threading.Event()

    def deliver(one):
        news.append(one)
        told.set()

    def slow(progress, cancelled):
        inside.set()
        assert go_on.wait(WAIT_S)

    task = Fetching(shared, deliver)
    for each in (other, task):
        each.open()
    other.start("other", slow)
    assert inside.wait(WAIT_S)
    task.start("weights", lambda *_: news.append("begun"))
    task.cancel()
    go_on.set()
    assert told.wait(WAIT_S)
    assert [(one.name, one.cancelled) for one in news] == [("weights", True)]
    for each in (other, task):
        each.close()
    assert shared.wait_for_end(WAIT_S)
