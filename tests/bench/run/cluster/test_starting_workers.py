"""Workers that are stopped, or end, before they have begun."""

import os
import signal
import subprocess
import sys

import pytest

from fakes.small_files import write_pair

STARTING = """
import os, signal, sys
import distributed.nanny
from napari_sam_med.cli.main import main
# a shell starts background jobs with the interrupt ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
connected = distributed.nanny.WorkerProcess._wait_until_connected

async def interrupted(self, *told):
    os.killpg(os.getpid(), {signal})
    return await connected(self, *told)

if {signal}:
    distributed.nanny.WorkerProcess._wait_until_connected = interrupted
sys.exit(main())
"""


def started(place, *, interrupt=0, **variables):
    """Run a benchmark on two workers in a group of processes of its own."""
    write_pair(place)
    return subprocess.run(
        [
            sys.executable, "-c", STARTING.format(signal=int(interrupt)), "benchmark",
            place / "images", place / "labels", "--model", "ellipse", "--settings",
            "modes", "--workers", "2", "--out", place / "run",
        ],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends interrupts otherwise")
def test_ctrl_c_while_workers_are_started_is_one_sentence_and_leaves_nothing(tmp_path):
    place = tmp_path / "temporary"
    place.mkdir()
    done = started(tmp_path, interrupt=signal.SIGINT, TMPDIR=str(place))
    assert done.returncode == 130
    assert len(done.stderr.splitlines()) == 1
    assert "run the same command again" in done.stderr
    assert list(place.iterdir()) == []


@pytest.mark.slow
def test_workers_that_end_as_they_start_are_told_in_one_sentence(tmp_path):
    place = tmp_path / "temporary"
    place.mkdir()
    ending = tmp_path / "ending"
    ending.mkdir()
    # only what is started by multiprocessing, which says so in its arguments
    (ending / "sitecustomize.py").write_text(
        "import os, sys\nif '--multiprocessing-fork' in sys.orig_argv: os._exit(3)\n"
    )
    path = os.pathsep.join([str(ending), os.environ.get("PYTHONPATH", "")])
    done = started(tmp_path, PYTHONPATH=path, TMPDIR=str(place))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "2 workers could not be started" in done.stderr
    assert list(place.iterdir()) == []
