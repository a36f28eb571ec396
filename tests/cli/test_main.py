"""Exit statuses and sentences."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.small_files import write_pair
from napari_sam_med import __version__
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.cli.main import COMMANDS, STORE_COMMANDS


def test_the_version_is_printed(call):
    assert call("--version") == (0, f"{__version__}\n", "")


@pytest.mark.parametrize(
    "command", ["demo", "gui", "segment", "benchmark", "report", "models"]
)
def test_help_lists_the_command(call, command):
    status, out, _ = call("--help")
    assert status == 0
    assert command in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["segment", "a.png"],
        ["segment", "a.png", "--out", "b.png", "--axis", "3"],
        ["segment", "none.png", "--out", "b.png", "--box", "0,0,1,1"],
        ["segment", "none.png", "--out", "b.png"],
        ["benchmark", "none", "none", "--out", "run", "--model", "ellipse"],
        ["benchmark", "none", "none", "--out", "run", "--model", "no_such_model"],
        ["demo", "--data", "none", "--model", "ellipse"],
        ["demo", "--max-slices", "0", "--model", "ellipse"],
        ["report"],
        ["report", "none"],
        ["models", "download", "no_such_model"],
        ["models", "import", "none.pth"],
        ["gui", "none.nii"],
        ["replay", "none.json", "none.png", "--model", "ellipse"],
        ["train", "--out", "run", "--config", "none.toml"],
    ],
)
def test_bad_input_is_one_sentence_and_status_two(
    call, tmp_path, monkeypatch, arguments
):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(*arguments)
    assert status == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert len(err) > 20
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_says_how_to_go_on_and_goes_on(call, tmp_path, monkeypatch):
    write_pair(tmp_path, n_slices=40)
    run, append = tmp_path / "run", RunStore.append

    def append_and_interrupt(store, rows):
        append(store, rows)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(RunStore, "append", append_and_interrupt)
    # a shell starts background jobs with the interrupt ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = (
        "benchmark", tmp_path / "images", tmp_path / "labels",
        "--model", "ellipse", "--settings", "modes", "--out", run,
    )  # fmt: skip
    try:
        status, _, err = call(*arguments)
    finally:
        signal.signal(signal.SIGINT, before)
    assert status == 130
    assert "run the same command again" in err
    assert RunStore(run).rows()["case_id"].nunique() == 1
    monkeypatch.undo()
    status, out, _ = call(*arguments)
    assert status == 0
    assert "40" in out


def test_the_entry_point_answers_an_interrupt_as_soon_as_python_can(tmp_path):
    # without site packages, whose .pth files may import anything
    code = "import sys; seen = set(sys.modules); import napari_sam_med.cli.main as m; "
    code += "print(*set(sys.modules) - seen)"
    command = [sys.executable, "-S", "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    found = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )
    assert set(found.stdout.split()).isdisjoint({"typing", "re", "numpy", "cyclopts"})


def test_the_overview_of_commands_imports_nothing_slow():
    code = "import sys; from napari_sam_med.cli.main import main; main(['--help']); "
    code += "print(*sys.modules)"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    slow = {"torch", "numpy", "napari", "SimpleITK", "rich.markdown", "markdown_it"}
    assert set(found.stdout.splitlines()[-1].split()).isdisjoint(slow)


INTERRUPTED_IMPORT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from napari_sam_med.cli.main import main
sys.exit(main(["models", "list"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends interrupts otherwise")
@pytest.mark.parametrize("module", ["cyclopts", "napari_sam_med.models"])
def test_an_interrupt_while_libraries_are_loaded_is_one_sentence(module):
    command = [sys.executable, "-c", INTERRUPTED_IMPORT, module]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 130
    assert len(found.stderr.splitlines()) == 1


DROPPED_INTERRUPT = """
import os, signal, sys, time, weakref
signal.signal(signal.SIGINT, signal.default_int_handler)

def press(*_):
    os.kill(os.getpid(), signal.SIGINT)

class Thing:
    pass

class Pressing:
    def __del__(self):
        press()

def callback():
    thing = Thing()
    reference = weakref.ref(thing, press)
    del thing

def destructor():
    Pressing()

def library():
    try:
        press()
    except:
        pass

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "cyclopts":
            globals()[sys.argv[1]]()
            for _ in range(600):  # until it comes again
                time.sleep(0.1)

sys.meta_path.insert(0, Interrupting())
from napari_sam_med.cli.main import main
sys.exit(main(["models", "list"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends interrupts otherwise")
@pytest.mark.parametrize("where", ["callback", "destructor", "library"])
def test_an_interrupt_that_is_dropped_on_its_way_ends_the_command_all_the_same(where):
    command = [sys.executable, "-c", DROPPED_INTERRUPT, where]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (130, "")
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["segment", "convert"])
def test_help_says_how_slices_are_counted(call, command):
    said = " ".join(call(command, "--help")[1].replace("│", " ").split())
    assert "the first one being 0" in said
    assert "in the order that the file stores" in said
    assert ("121st coronal slice" in said) is (command == "segment")


INTERRUPTED_AGAIN = """
import atexit, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "napari_sam_med.models":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
atexit.register(os.kill, os.getpid(), signal.SIGINT)
sys.argv[1:] = ["models", "list"]
from napari_sam_med.cli.main import main
sys.exit(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends interrupts otherwise")
def test_a_second_interrupt_while_the_program_ends_changes_nothing():
    command = [sys.executable, "-c", INTERRUPTED_AGAIN]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 130
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "blank",
    [
        ("--dataset", " "), ("--dataset", ""), ("--dataset= ",), ("--dataset=",),
        ("--patients", "\t"), ("--model", "  "), ("--settings", " "),
        ("--prompts-of", "\n"), ("--scheduler", " "), ("--series", " "),
    ],
)  # fmt: skip
def test_a_value_of_blanks_alone_is_refused(call, dataset, blank):
    status, _, err = call(
        "benchmark", dataset / "images", dataset / "labels", *blank, "--out",
        dataset / "run",
    )  # fmt: skip
    assert status == 2
    assert "is empty; give it a value or leave it out" in err
    assert not (dataset / "run").exists()


EVERY_COMMAND = [*COMMANDS, *(f"models {name}" for name in STORE_COMMANDS)]


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_help_explains_every_argument_and_option(call, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    status, out, _ = call(*command.split(), "--help")
    lines = [line.strip("│ *") for line in out.splitlines() if line.startswith("│")]
    told = dict(re.split(r"\s{2,}", f"{line}  ", maxsplit=1) for line in lines)
    assert status == 0
    assert [name for name, text in told.items() if not text.strip()] == []
    assert len({*told.values()}) == len(told)
