"""How a model is to run, as its caller says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Zoom = Literal["default", "off", "on", "auto"]
Precision = Literal["fp32", "bf16", "auto"]


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
