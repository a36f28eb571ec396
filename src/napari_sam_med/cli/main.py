"""The entry point: commands by name, errors as sentences, exit statuses.

Nothing slow is imported before `main` runs, so that Ctrl-C in the first second is
answered as at any other time.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing takes longer than this module
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclopts import App

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
OUTPUT_CLOSED = 141
"""As shells give for a program whose reader went away: 128 and SIGPIPE."""

STOPPED = "Stopped. What was finished is kept: run the same command again to go on."

COMMANDS_ROOM = "napari_sam_med.cli.commands"
COMMANDS = {
    "demo": "Run the benchmark on the samples with the model in the box.",
    "gui": "Open napari with both docks.",
    "segment": "Segment one object on one slice, into a label file.",
    "convert": "Write an image or labels in another format, place and all.",
    "benchmark": "Measure models with simulated prompts on images of your own.",
    "report": "Write the report of a run anew, or set runs side by side.",
    "export": "Write the masks that a stored run measured.",
    "replay": "Ask a model what a person prompted and saved.",
    "train": "Train nano on synthetic scenes.",
}
STORE_COMMANDS = {
    "list": "List the models, their licences, and whether their weights are here.",
    "download": "Fetch checkpoints from their official addresses.",
    "import": "Copy a checkpoint that was fetched by hand into the store.",
    "verify": "Hash checkpoints again.",
    "convert": "Take the tensors out of a checkpoint that is refused otherwise.",
    "stand-in": "Write untrained placeholder weights, to try a model without its file.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 if everything asked for was done, 1 if a part of it failed, 2 for bad input,
        130 after Ctrl-C, 141 if nobody reads standard output any more.
    """
    # waiting OpenMP threads spin: on a busy machine a small model's prediction was
    # measured to take fifteen times the processor time
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from napari_sam_med.core.signals.ctrl_c import ctrl_c_taken

        with ctrl_c_taken():
            try:
                return _checked_run(sys.argv[1:] if arguments is None else arguments)
            except KeyboardInterrupt:
                if arguments is None:
                    _end_quietly()
                raise
    except KeyboardInterrupt as stop:
        print(str(stop) or STOPPED, file=sys.stderr)
        return INTERRUPTED


def _end_quietly() -> None:
    """Ignore further Ctrl-C while libraries end, which takes seconds.

    Python would answer with tracebacks, and in its last second die of the signal.
    """
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _checked_run(arguments: Sequence[str]) -> int:
    """Run a command; what it refuses is one line."""
    from cyclopts import CycloptsError

    from napari_sam_med.cli.terminal import (
        close_output,
        never_raise_on_text,
        silence_matplotlib,
    )
    from napari_sam_med.errors import SamMedError

    never_raise_on_text()
    silence_matplotlib()
    blank = _blank_in(arguments)
    if blank:
        return _refuse(f"{blank} is empty; give it a value or leave it out")
    try:
        status = build_app()(arguments, exit_on_error=False, print_error=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        close_output()
        return OUTPUT_CLOSED
    except (CycloptsError, SamMedError, OSError) as error:
        see = " (see napari-sam-med --help)" if isinstance(error, CycloptsError) else ""
        return _refuse(f"{_told(error)}{see}")
    except MemoryError as error:
        return _refuse(
            f"there is not enough memory ({str(error) or 'no more could be had'}); "
            "give a smaller image, or close other programs"
        )
    return status if isinstance(status, int) else DONE


def _blank_in(arguments: Sequence[str]) -> str:
    """Name an argument or the value of an option that has no letter; empty for none."""
    before = ""
    for argument in arguments:
        option, is_joined, value = argument.partition("=")
        if option.startswith("--") and is_joined and not value.strip():
            return f"the value of {option}"
        if not argument.strip():
            return (
                f"the value of {before}" if before.startswith("--") else "an argument"
            )
        before = argument
    return ""


def build_app() -> App:
    """Build the command line; a command's module is imported when it is called."""
    from cyclopts import App, Parameter

    from napari_sam_med import __version__
    from napari_sam_med.cli.numbers import value_from_tokens

    app = App(
        name="napari-sam-med",
        help="Prompt Segment Anything models on medical images, and measure them.",
        version=__version__,
        help_format="plaintext",  # this page needs no markdown, slow to import
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(converter=value_from_tokens),
    )
    for name, text in COMMANDS.items():
        function = f"{COMMANDS_ROOM}.{name}_command:{name}"
        app.command(function, name=name, help=text, help_format="markdown")
    models = App(name="models", help="The models, and where their weights are.")
    for name, text in STORE_COMMANDS.items():
        function = f"{COMMANDS_ROOM}.models_command:{name.replace('-', '_')}_command"
        models.command(function, name=name, help=text, help_format="markdown")
    app.command(models)
    return app


def _told(error: Exception) -> str:
    """Say what an error says; the system's own say no more than a number and a name."""
    from napari_sam_med.errors import FileExistsAlreadyError, SamMedError

    if isinstance(error, FileExistsAlreadyError):
        return f"{error}, or add --overwrite"
    if not isinstance(error, OSError) or isinstance(error, SamMedError):
        return str(error)
    if error.filename is None or not error.strerror:
        return str(error)
    return f"{error.filename} cannot be used ({error.strerror}); give another place"


def _refuse(message: str) -> int:
    """Say what is wrong in one line."""
    from napari_sam_med.core.storage.plain_text import on_one_line

    print(on_one_line(message), file=sys.stderr)
    return BAD_INPUT
