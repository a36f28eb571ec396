"""The entry point: commands by name, errors as sentences, exit statuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from napari_sam_med import __version__
from napari_sam_med.errors import SamMedError

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
COMMANDS = {
    "demo": "Run the benchmark on the samples with the model in the box.",
    "gui": "Open napari with both docks.",
    "segment": "Segment one object on one slice, into a label file.",
    "benchmark": "Measure models with simulated prompts on images of your own.",
    "report": "Write the report of a run anew, or set runs side by side.",
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
        130 after Ctrl-C.
    """
    # waiting OpenMP threads spin: on a busy machine a small model's prediction was
    # measured to take fifteen times the processor time
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        status = build_app()(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return _refuse(f"{error} (see napari-sam-med --help)")
    except (SamMedError, OSError) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print(
            "Stopped. What was finished is kept: run the same command again to go on.",
            file=sys.stderr,
        )
        return INTERRUPTED
    return status if isinstance(status, int) else DONE


def build_app() -> App:
    """Build the command line; a command's module is imported when it is called."""
    app = App(
        name="napari-sam-med",
        help="Prompt Segment Anything models on medical images, and measure them.",
        version=__version__,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for name, text in COMMANDS.items():
        app.command(f"napari_sam_med.cli.{name}:{name}", name=name, help=text)
    models = App(name="models", help="The models, and where their weights are.")
    for name, text in STORE_COMMANDS.items():
        function = f"napari_sam_med.cli.models:{name.replace('-', '_')}_command"
        models.command(function, name=name, help=text)
    app.command(models)
    return app


def _refuse(message: str) -> int:
    """Say what is wrong in one line."""
    print(" ".join(message.split()), file=sys.stderr)
    return BAD_INPUT
