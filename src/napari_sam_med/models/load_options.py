"""How a model is to run, as its caller says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.errors import ModelError

Zoom = Literal["default", "off", "on", "auto"]
Precision = Literal["fp32", "bf16", "auto"]
DEVICE = re.compile(r"auto|cpu|mps|cuda(:[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a model is to run.

    Parameters
    ----------
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    precision : {"fp32", "bf16", "auto"}
        Of image encoders and click networks.
    zoom : {"default", "off", "on", "auto"}
        Whether it looks a second time, at a crop; ``default`` is what its card says.
    """

    device: str = "auto"
    precision: Precision = "fp32"
    zoom: Zoom = "default"


def check_device_name(name: str) -> None:
    """Refuse what no machine has, without asking this one.

    Parameters
    ----------
    name : str
        Of a device.

    Raises
    ------
    ModelError
        If it is not ``auto``, ``cpu``, ``mps``, ``cuda`` or such as ``cuda:1``.
    """
    if DEVICE.fullmatch(name) is None:
        msg = f"device {shown(name)} is unknown; give auto, cpu, cuda, cuda:1 or mps"
        raise ModelError(msg)
