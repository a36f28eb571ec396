"""Names from data on the terminal, whatever they hold and wherever it ends."""

import io
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest
from rich.table import Table

from fakes.small_files import write_pair
from napari_sam_med.cli.terminal import Console

NAMES = ["kidney [left]", "a [/b] c", ":smile:", "[link=x]y[/link]", "5 mm"]
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Telling:
    def find_spec(self, name, path=None, target=None):
        if name == "cyclopts":
            print("begun", flush=True)

sys.meta_path.insert(0, Telling())
from napari_sam_med.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def console():
    console = Console()
    console.file, console.width = io.StringIO(), 200
    return console


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_stands(console, name):
    console.print(name)
    assert console.file.getvalue() == f"{name}\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_in_title_heading_and_cell_as_it_is(console, name):
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    console.print(table)
    assert console.file.getvalue().count(name) == 3


def test_a_terminal_sequence_is_shown_as_its_escape(console):
    console.print("liver\x1b[2J\x9b1m\u202e")
    assert console.file.getvalue() == "liver\\x1b[2J\\x9b1m\\u202e\n"


def test_a_class_named_like_markup_goes_through_a_whole_run(call, dataset):
    (dataset / "labels" / "labels.json").write_text('{"1": "a [/b] $c_1$ <i>d"}')
    status, out, err = call(
        "benchmark", dataset / "images", dataset / "labels", "--model", "ellipse",
        "--no-baselines", "--settings", "modes", "--out", dataset / "run",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert "a [/b] $c_1$ <i>d" in out
    page = (dataset / "run" / "report.html").read_text()
    assert "a [/b] $c_1$ &lt;i&gt;d" in page
    assert "<i>d" not in page


def run_in(environment, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "napari_sam_med", *map(str, arguments)],
        env={**os.environ, **environment}, capture_output=True, check=False, **options,
    )  # fmt: skip


def test_names_that_the_locale_lacks_are_written_as_escapes(tmp_path):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run_in(plain, "segment", tmp_path / "Ödem.png", "--out", "m.png", "--box",
                  "0,0,1,1", "--model", "ellipse")  # fmt: skip
    assert done.returncode == 2
    assert b"dem.png" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_name_that_is_no_utf_8_is_refused_in_one_line(tmp_path):
    name = os.fsencode(tmp_path / "a") + b"\xe9.json"
    done = run_in({}, "report", os.fsdecode(name))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert rb"a\udce9" in done.stderr


def test_a_reader_that_goes_away_leaves_no_traceback():
    program = shlex.join([sys.executable, "-m", "napari_sam_med"])
    command = f"{program} models list --verbose | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert done.stdout.strip() == b"Models"
    assert done.stderr == b""


def test_an_interrupt_during_the_imports_is_one_line(tmp_path):
    write_pair(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "demo", "--out", tmp_path / "run"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.readline()
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert len(err.splitlines()) == 1
