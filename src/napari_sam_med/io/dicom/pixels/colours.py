"""Colours of DICOM frames as 8-bit RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.pixels.processing import convert_color_space

from napari_sam_med.errors import FileReadError
from napari_sam_med.io.dicom.pixel_format import PALETTE

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_sam_med.io.dicom.headers import Header
    from napari_sam_med.io.dicom.pixel_format import PixelFormat

_CHANNELS = ("Red", "Green", "Blue")


def rgb_from_frame(
    stored: npt.NDArray[np.generic],
    photometric: str,
    described: PixelFormat,
    header: Header,
) -> npt.NDArray[np.uint8]:
    """Turn a frame into 8-bit RGB.

    Parameters
    ----------
    stored : (rows, columns) or (rows, columns, 3) integer
        Palette indices or colours.
    photometric : str
        What they are, after decoding.
    described : PixelFormat
        Of the file.
    header : Header
        Holds the palette.

    Returns
    -------
    (rows, columns, 3) uint8
        Of more than 8 bits the upper 8.

    Raises
    ------
    FileReadError
        If the palette is absent or damaged.
    """
    if photometric == PALETTE:
        channels = [_looked_up(stored, name, header) for name in _CHANNELS]
        return np.stack(channels, axis=-1)
    numbers: npt.NDArray[np.integer] = stored  # type: ignore[assignment]
    shift = max(0, described.bits[1] - 8)
    colours = (numbers >> shift).astype(np.uint8)
    if photometric in ("YBR_FULL", "YBR_FULL_422"):
        colours = convert_color_space(colours, "YBR_FULL", "RGB")
    return colours


def _looked_up(
    stored: npt.NDArray[np.generic], name: str, header: Header
) -> npt.NDArray[np.uint8]:
    """One channel through its table (PS3.3, C.7.6.3.1.5 and C.7.6.3.1.6)."""
    held = header.attributes
    start = f"{name}PaletteColorLookupTable"
    described = held.numbers(f"{start}Descriptor", 3)
    data = held.data(f"{start}Data")
    if described is None or not data:
        msg = f"{header.file} is PALETTE COLOR without {start}; export it again"
        raise FileReadError(msg)
    entries = int(described[0]) % 2**16 or 2**16  # 0 stands for 65,536
    wide = len(data) >= 2 * entries
    order = ">" if held.big else "<"
    table = np.frombuffer(data[: entries * (1 + wide)], f"{order}u{1 + wide}")
    if len(table) < entries:
        msg = (
            f"{header.file}: {start}Data has {len(table)} entries of {entries}; the "
            "palette is cut, so export the image again"
        )
        raise FileReadError(msg)
    first = int(described[1])
    if stored.dtype.kind == "i" and first >= 2**15:
        first -= 2**16
    index = np.clip(stored.astype(np.int64) - first, 0, entries - 1)
    shift = 8 if wide and described[2] > 8 else 0
    return (table >> shift).astype(np.uint8)[index]
