"""Damaged files read in processes with limits, and what became of each."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import napari_sam_med

SECONDS = 10
BYTES = 4 * 2**30
BATCH = 60
"""Files for each process: starting one takes about a second."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file: image, refused, other, crash, timeout or memory."""

    path: Path
    how: str
    result: str
    said: str = ""


def read_all(made):
    """Read each file in a process of limited memory and time; return the outcomes."""
    outcomes = []
    waiting = list(made)
    while waiting:
        done, ended = _read_batch([path for path, _ in waiting[:BATCH]])
        if ended:
            done.append((ended, f"the process ended with {ended}"))
        assert done, "no process could be started"
        told = zip(waiting[: len(done)], done, strict=True)
        outcomes += [Outcome(path, how, *what) for (path, how), what in told]
        waiting = waiting[len(done) :]
    return outcomes


def counted(outcomes):
    """Figures for a note."""
    return dict(Counter(outcome.result for outcome in outcomes))


def _read_batch(paths):
    """Outcomes in order, and how the process was ended by the file after them."""
    source = str(Path(napari_sam_med.__file__).parents[1])
    listed = json.dumps([os.fsencode(path).hex() for path in paths])
    run = subprocess.run(
        [sys.executable, "-m", "fakes.mutation_runs"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONPATH": source, "OPENBLAS_NUM_THREADS": "1"},
        input=listed,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=(SECONDS + 2) * len(paths) + 60,
        check=False,
    )
    lines = [line for line in run.stdout.splitlines() if line.startswith("[")]
    done = [tuple(json.loads(line)) for line in lines]
    if run.returncode == 0:
        return done, ""
    if not done and "started" not in run.stdout:
        msg = f"the reading process did not start: {run.stderr[-400:]}"
        raise RuntimeError(msg)
    return done, "timeout" if run.returncode == -signal.SIGALRM else "crash"


def _main():
    from napari_sam_med.io.volume_files import read_volume  # noqa: F401

    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    paths = [Path(os.fsdecode(bytes.fromhex(t))) for t in json.loads(sys.stdin.read())]
    _say("started")
    for path in paths:
        signal.alarm(SECONDS)
        _say(json.dumps(_read(path)))
        signal.alarm(0)


def _say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _read(path):
    """Read one file in every way there is."""
    from napari_sam_med.errors import SamMedError
    from napari_sam_med.io.volume_files import (
        count_times,
        list_series,
        read_labels,
        read_time_series,
        read_volume,
    )

    results = []
    for read in (read_volume, read_time_series, read_labels, list_series, count_times):
        try:
            read(path)
            results.append(("image", ""))
        except SamMedError as error:
            said = str(error)
            sentence = said and "\n" not in said and said.isprintable()
            results.append(("refused" if sentence else "no sentence", said))
        except MemoryError as error:
            return ("memory", repr(error))
        except Exception as error:  # noqa: BLE001  # what is counted here
            return ("other", f"{read.__name__}: {error!r}")
    bad = [each for each in results if each[0] == "no sentence"]
    return bad[0] if bad else results[0]


if __name__ == "__main__":
    _main()
