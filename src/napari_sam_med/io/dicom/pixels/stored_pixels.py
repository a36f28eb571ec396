"""Frames of a DICOM file as numbers: masked, unpacked, in colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam_med.errors import FileReadError, SamMedError
from napari_sam_med.io.dicom.headers import open_pixels
from napari_sam_med.io.dicom.pixels.colours import rgb_from_frame
from napari_sam_med.io.dicom.pixels.compressed import CompressedFrames

if TYPE_CHECKING:
    from types import TracebackType

    import numpy.typing as npt

    from napari_sam_med.io.dicom.headers import Header
    from napari_sam_med.io.dicom.pixel_format import PixelFormat
    from napari_sam_med.io.dicom.pixels.jpeg import JpegDecoder


class FrameReader:
    """Reads the frames of one file, one at a time.

    Parameters
    ----------
    header : Header
        Of a file with pixels.
    described : PixelFormat
        Its pixels; `format_of` has checked them against the file's size.
    jpeg : JpegDecoder
        Entered already; serves all files of a volume.
    """

    def __init__(
        self, header: Header, described: PixelFormat, jpeg: JpegDecoder
    ) -> None:
        self._header, self._format, self._jpeg = header, described, jpeg

    def __enter__(self) -> FrameReader:
        """Open the file."""
        self._opened = open_pixels(self._header)
        pixels = self._header.pixels
        encapsulated = pixels is not None and pixels.length is None
        self._compressed: CompressedFrames | None = None
        try:
            if encapsulated:
                self._compressed = CompressedFrames(
                    self._header, self._format, self._opened, self._jpeg
                )
        except SamMedError:
            self._opened.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._opened.close()

    def frame(self, index: int) -> npt.NDArray[np.generic]:
        """Read one frame.

        Parameters
        ----------
        index : int
            From 0.

        Returns
        -------
        (rows, columns) number, or (rows, columns, 3) uint8
            Stored numbers within the bits stored, before rescale; palette and YBR
            colours are RGB.

        Raises
        ------
        FileReadError
            If the file cannot be read or decoded.
        """
        photometric = self._format.photometric
        if self._compressed is not None:
            raw, photometric = self._compressed.stored(index)
        else:
            raw = self._native(index)
        if self._format.kind == "integer":
            raw = _within_bits(raw, self._format)
        if self._format.colour:
            return rgb_from_frame(raw, photometric, self._format, self._header)
        return raw

    def _native(self, index: int) -> npt.NDArray[np.generic]:
        start, bits = index * self._format.frame_bits, self._format.frame_bits
        first, last = start // 8, (start + bits + 7) // 8
        data = self._bytes(first, last)
        rows, columns, samples = self._format.shape
        if self._format.bits[0] == 1 and self._format.kind == "integer":
            unpacked = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
            skipped = start - first * 8
            return unpacked[skipped : skipped + bits].reshape(rows, columns)
        dtype = self._format.dtype.newbyteorder("<")
        if self._header.attributes.big:
            dtype = dtype.newbyteorder(">")
        flat = np.frombuffer(data, dtype)
        if self._format.photometric == "YBR_FULL_422":
            return _upsampled(flat).reshape(rows, columns, 3)
        if samples == 1:
            return flat.reshape(rows, columns)
        if self._format.planar:
            return np.moveaxis(flat.reshape(samples, rows, columns), 0, -1)
        return flat.reshape(rows, columns, samples)

    def _bytes(self, first: int, last: int) -> bytes:
        """Bytes of the pixel data; 8-bit ones in big-endian words lie in pairs."""
        pixels = self._header.pixels
        offset, vr = (pixels.offset, pixels.vr) if pixels else (0, "")
        words = self._header.attributes.big and vr == "OW"
        swapped = words and self._format.bits[0] == 8
        start, end = (first // 2 * 2, last + last % 2) if swapped else (first, last)
        try:
            self._opened.seek(offset + start)
            data = self._opened.read(end - start)
        except OSError as error:
            msg = f"{self._header.file} cannot be read ({error}); check the file"
            raise FileReadError(msg) from error
        if len(data) != end - start:
            msg = f"{self._header.file} ends too early; copy it again"
            raise FileReadError(msg)
        if swapped:
            words_le = np.frombuffer(data, ">u2").astype("<u2").tobytes()
            return words_le[first - start : last - start]
        return data


def _upsampled(flat: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Give both pixels of a pair their colour: Y Y Cb Cr to Y Cb Cr, Y Cb Cr."""
    pairs = flat[: len(flat) // 4 * 4].reshape(-1, 4)
    both = pairs[:, [0, 2, 3, 1, 2, 3]]
    return both.reshape(-1, 3)


def _within_bits(
    raw: npt.NDArray[np.generic], described: PixelFormat
) -> npt.NDArray[np.generic]:
    """Drop what does not belong to the value, such as overlays in the upper bits."""
    dtype = described.dtype
    native = raw.astype(dtype, copy=False)
    allocated, stored, high = described.bits
    above, below = dtype.itemsize * 8 - 1 - high, high + 1 - stored
    if allocated in (stored, 1) or described.photometric == "YBR_FULL_422":
        return native
    # Shifting up and down again fills with the sign where there is one.
    values: npt.NDArray[np.integer] = native
    return (values << above) >> (above + below)
