"""Weights saved out of a file that ``models.state_dict`` refuses.

The file is read in another process, by an unpickler that imports nothing: whatever is
not a tensor or a plain container becomes an inert stand-in. As a second fence, that
process may not open connections, start programs or change files while it reads.
Run as ``python -m napari_sam_med.models.weights.conversion SOURCE TARGET``.
"""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from functools import partial
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file

from napari_sam_med.errors import CheckpointError
from napari_sam_med.models.state_dict import Inert, check_stored, tensors_in
from napari_sam_med.models.weight_files import (
    SOURCE_NOTE,
    check_weight_file,
    sha256_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TRUSTED = {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("builtins", "dict"),
    ("builtins", "list"),
    ("builtins", "set"),
    ("builtins", "tuple"),
    ("torch", "Size"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch.serialization", "_get_layout"),
}
FORBIDDEN_EVENTS = (
    "ctypes.",
    "os.chmod",
    "os.exec",
    "os.fork",
    "os.link",
    "os.mkdir",
    "os.posix_spawn",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.spawn",
    "os.startfile",
    "os.symlink",
    "os.system",
    "os.truncate",
    "shutil.",
    "socket.",
    "subprocess.",
)


def convert(source: Path, target: Path) -> None:
    """Copy a file's tensors into a safetensors file.

    Parameters
    ----------
    source : Path
        A file that ``torch.save`` wrote and ``read_state`` refuses.
    target : Path
        New safetensors file. It notes the hash of the source.

    Raises
    ------
    CheckpointError
        If the file is absent, a web page or damaged, holds no state dict, or its
        tensors claim more numbers than are in it.
    """
    check_weight_file(source)
    module = "napari_sam_med.models.weights.conversion"
    done = subprocess.run(
        [sys.executable, "-m", module, str(source), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        msg = f"{source} could not be converted: {reason}"
        raise CheckpointError(msg)


class _TensorUnpickler(pickle.Unpickler):
    """Builds tensors and containers, and stand-ins for everything else."""

    def find_class(self, module: str, name: str) -> Any:
        storage = module == "torch" and name.endswith("Storage")
        if storage or (module, name) in TRUSTED:
            return getattr(importlib.import_module(module), name)
        return _StandIn


class _StandIn(Inert):
    """Swallows all that a pickle may do to an object."""

    def append(self, item: object) -> None:
        """Drop an item."""

    def extend(self, items: object) -> None:
        """Drop items."""

    def __setitem__(self, key: object, value: object) -> None:
        """Drop an item."""


def _refuse_side_effects() -> list[bool]:
    """Install the second fence; setting the item to False opens it again."""
    armed = [True]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if not armed[0]:
            return
        written = event == "open" and any(c in str(arguments[1] or "r") for c in "wax+")
        if written or event.startswith(FORBIDDEN_EVENTS):
            msg = f"the file tried to use {event}"
            raise PermissionError(msg)

    sys.addaudithook(watch)
    return armed


def _convert_here(source: Path, target: Path) -> None:
    # torch asks for a module with these names.
    pickle_module = SimpleNamespace(
        __name__="tensors", Unpickler=_TensorUnpickler, load=_load_without_imports
    )
    load = partial(
        torch.load, map_location="cpu", weights_only=False, pickle_module=pickle_module
    )
    _import_what_loading_needs(load)
    armed = _refuse_side_effects()
    stored = load(source)
    state = tensors_in(stored, source)
    armed[0] = False
    check_stored(state, source)
    tensors = {key: value.contiguous().clone() for key, value in state.items()}
    save_file(tensors, target, metadata={SOURCE_NOTE: sha256_of(source)})


def _import_what_loading_needs(load: Callable[[BytesIO], object]) -> None:
    """Load a tensor of our own: torch imports parts of itself on the first call."""
    buffer = BytesIO()
    torch.save(torch.zeros(1), buffer)
    buffer.seek(0)
    load(buffer)


def _load_without_imports(file: Any, **options: Any) -> object:
    return _TensorUnpickler(file, **options).load()


def _main() -> int:
    source, target = (Path(argument) for argument in sys.argv[1:3])
    try:
        _convert_here(source, target)
    except (CheckpointError, pickle.UnpicklingError, RuntimeError, OSError) as error:
        sys.stderr.write(f"{error}\n".replace("\n", " ") + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
