"""One thread, many who ask; waits are for events, never for time."""

import queue
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam_med.session.background.serial_worker import SerialWorker, WorkerJob

WAIT_S = 60.0


class Bench:
    """A worker whose first job holds it until ``go``, so that others wait."""

    def __init__(self, *, held: bool = True) -> None:
        self.news: queue.Queue = queue.Queue()
        self.done: list = []
        self._gate, self.entered = threading.Event(), threading.Event()
        self.worker = SerialWorker("test worker")
        if held:
            self.worker.submit(WorkerJob(self._hold, self.news.put, kind="hold"))
            assert self.entered.wait(WAIT_S)

    def _hold(self) -> None:
        self.entered.set()
        assert self._gate.wait(WAIT_S)

    def go(self) -> None:
        self._gate.set()

    def submit(self, what, kind="", **how) -> None:
        """Queue a job that notes itself; a list is a generator with these steps."""
        self.worker.submit(
            WorkerJob(lambda: self._run(what), self.news.put, kind=kind, **how)
        )

    def _run(self, what):
        if isinstance(what, list):
            return self._steps(what)
        self.done.append(what)
        return what

    def _steps(self, steps):
        try:
            for step in steps:
                self.done.append(step)
                yield step
        finally:
            self.done.append("left")

    def end(self, *, drain: bool = True) -> list:
        """Let it go on, wait for its end, and give all news."""
        self.go()
        self.worker.close(drain=drain, wait_s=WAIT_S)
        assert not self.worker.is_alive
        return [self.news.get_nowait() for _ in range(self.news.qsize())]


def values(news, kind=""):
    return [one.value for one in news if one.kind == kind]


def test_jobs_of_one_rank_are_done_in_the_order_they_came():
    bench = Bench()
    for number in range(5):
        bench.submit(number)
    assert values(bench.end()) == [0, 1, 2, 3, 4]


def test_a_more_urgent_job_is_done_first():
    bench = Bench()
    bench.submit("later", rank=2)
    bench.submit("now", rank=1)
    bench.end()
    assert bench.done == ["now", "later"]


def test_all_jobs_run_on_the_one_thread():
    bench = Bench()
    names = []
    for _ in range(3):
        note = lambda: names.append(threading.current_thread().name)  # noqa: E731
        bench.worker.submit(WorkerJob(note, bench.news.put))
    bench.end()
    assert names == ["test worker"] * 3


def test_a_waiting_job_is_replaced_by_a_newer_one_of_its_kind():
    bench = Bench()
    for number in range(3):
        bench.submit(number, "predict", generation=number, replaces=True)
    news = [one for one in bench.end() if one.kind == "predict"]
    assert bench.done == [2]
    assert [(n.generation, n.is_cancelled) for n in news] == [
        (0, True),
        (1, True),
        (2, False),
    ]


def test_a_job_that_does_not_replace_leaves_those_of_its_kind():
    bench = Bench()
    bench.submit("first", "export")
    bench.submit("second", "export")
    bench.end()
    assert bench.done == ["first", "second"]


def test_every_step_is_told_and_then_the_end():
    bench = Bench(held=False)
    bench.submit([1, 2], "run", generation=7)
    told = [(n.value, n.is_last, n.generation) for n in bench.end()]
    assert told == [(1, False, 7), (2, False, 7), (None, True, 7)]


def test_a_more_urgent_job_gets_in_between_two_steps():
    bench = Bench(held=False)
    first, go_on = threading.Event(), threading.Event()

    def steps():
        first.set()
        assert go_on.wait(WAIT_S)
        bench.done.append("step 1")
        yield
        bench.done.append("step 2")
        yield

    bench.worker.submit(WorkerJob(steps, bench.news.put, rank=3))
    assert first.wait(WAIT_S)
    bench.submit("click", rank=1)
    go_on.set()
    bench.end()
    assert bench.done == ["step 1", "click", "step 2"]


def test_two_generators_of_one_rank_take_turns():
    bench = Bench()
    bench.submit(["a1", "a2"], "a")
    bench.submit(["b1", "b2"], "b")
    bench.end()
    assert bench.done == ["a1", "b1", "a2", "b2", "left", "left"]


def test_a_cancelled_job_that_waits_is_not_done():
    bench = Bench()
    bench.submit("no", "fetch")
    bench.submit("yes")
    bench.worker.cancel("fetch")
    news = bench.end()
    assert bench.done == ["yes"]
    assert [n.is_cancelled for n in news if n.kind == "fetch"] == [True]


def test_a_cancelled_generator_stops_after_its_present_step_and_is_left():
    bench = Bench(held=False)
    inside, go_on = threading.Event(), threading.Event()

    def steps():
        try:
            inside.set()
            assert go_on.wait(WAIT_S)
            yield 1
            yield 2
        finally:
            bench.done.append("left")

    bench.worker.submit(WorkerJob(steps, bench.news.put, kind="run"))
    assert inside.wait(WAIT_S)
    bench.worker.cancel("run")
    go_on.set()
    told = [(n.value, n.is_cancelled) for n in bench.end()]
    assert told == [(1, False), (None, True)]
    assert bench.done == ["left"]


def test_an_error_is_told_and_the_next_job_is_done():
    bench = Bench()
    bench.worker.submit(WorkerJob(lambda: 1 / 0, bench.news.put, kind="bad"))
    bench.submit("next")
    (bad,) = (n for n in bench.end() if n.kind == "bad")
    assert isinstance(bad.error, ZeroDivisionError)
    assert bad.is_last
    assert bench.done == ["next"]


def test_an_error_in_leaving_a_generator_is_told():
    bench = Bench(held=False)
    stepped, go_on = threading.Event(), threading.Event()

    def steps():
        try:
            stepped.set()
            assert go_on.wait(WAIT_S)
            yield 1
        finally:
            msg = "the disk is full"
            raise OSError(msg)

    bench.worker.submit(WorkerJob(steps, bench.news.put, kind="run"))
    assert stepped.wait(WAIT_S)
    bench.worker.cancel("run")
    go_on.set()
    assert str(bench.end()[-1].error) == "the disk is full"


def test_whether_a_kind_waits_can_be_asked():
    bench = Bench()
    bench.submit(1, "predict")
    assert bench.worker.has_waiting("predict")
    assert not bench.worker.has_waiting("hold")
    bench.end()


def test_closing_drops_what_waits_and_tells_nothing_more():
    bench = Bench()
    bench.submit("never")
    bench.worker.close()
    assert bench.end(drain=False) == []
    assert bench.done == []


def test_closing_with_draining_does_what_waits_and_takes_nothing_new():
    bench = Bench()
    bench.submit("export")
    bench.worker.close(drain=True)
    bench.submit("too late")
    bench.end()
    assert bench.done == ["export"]


def test_a_generator_is_left_when_the_worker_closes():
    bench = Bench()
    bench.submit([1, 2, 3], "run")
    bench.submit("other")
    bench.go()
    assert bench.news.get(timeout=WAIT_S).kind == "hold"
    bench.worker.close(wait_s=WAIT_S)
    assert not bench.worker.is_alive
    assert bench.done.count("left") == (1 in bench.done)


@pytest.mark.parametrize(("drains", "expected"), [(True, "written"), (False, "")])
def test_at_exit_what_waits_is_done_only_if_it_is_to_be(drains, expected):
    code = (
        "import atexit, threading, time\n"
        "from napari_sam_med.session.background.serial_worker import (\n"
        "    WorkerJob, SerialWorker)\n"
        f"worker = SerialWorker('files', drains_at_exit={drains})\n"
        "ends = threading.Event()\n"
        "atexit.register(ends.set)  # called before the worker's own\n"
        "def hold():\n"
        "    ends.wait()\n"
        f"    while not ({drains} or worker.is_cancelled):\n"
        "        time.sleep(0.01)\n"
        "worker.submit(WorkerJob(hold, lambda news: None))\n"
        "write = lambda: print('written', flush=True)\n"
        "worker.submit(WorkerJob(write, lambda news: None))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected


def test_what_was_closed_with_draining_is_waited_for_at_exit():
    code = (
        "import atexit, threading\n"
        "from napari_sam_med.session.background.serial_worker import (\n"
        "    WorkerJob, SerialWorker)\n"
        "worker = SerialWorker('files', drains_at_exit=True)\n"
        "ends = threading.Event()\n"
        "atexit.register(ends.set)  # called before the worker's own\n"
        "worker.submit(WorkerJob(ends.wait, lambda news: None))\n"
        "write = lambda: print('written', flush=True)\n"
        "worker.submit(WorkerJob(write, lambda news: None))\n"
        "worker.close(drain=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "written"


IMPATIENT = """
import atexit, threading
from napari_sam_med.session.background import serial_worker
from napari_sam_med.session.background.serial_worker import SerialWorker, WorkerJob
serial_worker.EXIT_WAIT_S = 0.01
begun, forever = threading.Event(), threading.Event()
def hang():
    begun.set()
    forever.wait()
"""


def at_exit(code):
    return subprocess.run(
        [sys.executable, "-c", IMPATIENT + code],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip


def test_what_is_written_at_exit_is_waited_for_however_long_it_takes():
    done = at_exit(
        "worker = SerialWorker('files', drains_at_exit=True)\n"
        "def write():\n"
        "    forever.wait(1)\n"
        "    print('written', flush=True)\n"
        "worker.submit(WorkerJob(write, lambda news: None))\n"
        "worker.submit(WorkerJob(write, lambda news: None))\n"
    )
    assert done.stdout.split() == ["written", "written"]
    assert "ends once files" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("drains", [True, False])
def test_a_job_that_hangs_and_is_not_wanted_does_not_keep_the_program(drains):
    done = at_exit(
        f"worker = SerialWorker('files', drains_at_exit={drains})\n"
        "worker.submit(WorkerJob(hang, lambda news: None, 'read'))\n"
        "begun.wait()\n"
        "worker.cancel('read')\n"
    )
    assert done.stderr == ""


actions = st.lists(
    st.tuples(
        st.sampled_from(["job", "steps", "replace", "cancel"]),
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 2),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(actions)
def test_every_job_ends_in_exactly_one_last_news(asked):
    bench = Bench()
    generations = []
    for number, (what, kind, rank) in enumerate(asked):
        if what == "cancel":
            bench.worker.cancel(kind)
            continue
        work = [1, 2, 3] if what == "steps" else number
        how = {"rank": rank, "replaces": what == "replace"}
        bench.submit(work, kind, generation=number, **how)
        generations.append(number)
    news = [n for n in bench.end() if n.kind != "hold"]
    assert sorted(n.generation for n in news if n.is_last) == generations


def test_many_threads_may_ask_at_once():
    bench = Bench(held=False)
    n_threads, n_jobs = 16, 50

    def ask(thread):
        for number in range(n_jobs):
            work = [number] if number % 7 == 0 else number
            how = {"generation": thread * n_jobs + number, "rank": number % 3}
            bench.submit(work, f"{thread}", **how)
            if number % 10 == 9:
                bench.worker.cancel(f"{(thread + 1) % n_threads}")

    threads = [threading.Thread(target=ask, args=(t,)) for t in range(n_threads)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(WAIT_S)
    last = sorted(n.generation for n in bench.end() if n.is_last)
    assert last == list(range(n_threads * n_jobs))
