"""torchvision, without the compiler that it imports to ask one question of."""

from __future__ import annotations

import sys
from importlib import import_module
from threading import Lock
from types import ModuleType

COMPILER = "torch._dynamo"
_lock = Lock()


def import_torchvision() -> None:
    """Import torchvision for the first time without torch's compiler.

    Notes
    -----
    `torchvision.ops.roi_align` imports torch's compiler, with it sympy and a thousand
    modules more, for a function that only tensors on a GPU are ever asked about. That
    is 1.4 of 3.3 s of a first ``load_model("nano")``. While torchvision is imported,
    that function is one that imports the compiler when it is called. Does torchvision
    ask for more, it is imported as ever.
    """
    with _lock:
        if "torchvision" in sys.modules or COMPILER in sys.modules:
            return
        # with torch's own modules in place, only torchvision meets the stand-in
        import_module("torch")
        compiler, utils = ModuleType(COMPILER), ModuleType(f"{COMPILER}.utils")
        compiler.__path__ = []
        utils.__dict__["is_compile_supported"] = _is_compile_supported
        stand_ins = {each.__name__: each for each in (compiler, utils)}
        sys.modules.update(stand_ins)
        try:
            import_module("torchvision")
        except ImportError:
            pass
        finally:
            for name, stand_in in stand_ins.items():
                if sys.modules.get(name) is stand_in:
                    del sys.modules[name]


def _is_compile_supported(device_type: str) -> bool:
    """Ask torch's compiler."""
    return bool(import_module(f"{COMPILER}.utils").is_compile_supported(device_type))
