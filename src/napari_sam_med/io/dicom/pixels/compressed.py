"""Frames of compressed DICOM files, found in their fragments, decoded one by one."""

from __future__ import annotations

import struct
import warnings
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.config import IGNORE
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.dicom.elements import ITEM, SEQUENCE_END

if TYPE_CHECKING:
    from typing import BinaryIO

    import numpy.typing as npt

    from napari_sam_med.io.dicom.headers import Header
    from napari_sam_med.io.dicom.pixel_format import PixelFormat
    from napari_sam_med.io.dicom.pixels.jpeg import JpegDecoder

JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
WAVELET = (JPEG2000, JPEG2000Lossless)
LOCO = (JPEGLSLossless, JPEGLSNearLossless)
DEFLATED_FRAMES = UID("1.2.840.10008.1.2.8.1")
READ = (*JPEG, *LOCO, *WAVELET, RLELossless, DEFLATED_FRAMES)
_MOST_FRAGMENTS = 1_000_000
# What pydicom, the decoders under it and ITK raise on damaged bytes.
_DECODING = (
    ValueError, RuntimeError, OSError, LookupError, ArithmeticError, AttributeError,
    TypeError, struct.error, zlib.error, MemoryError,
)  # fmt: skip


class CompressedFrames:
    """The frames of one encapsulated file.

    Parameters
    ----------
    header : Header
        Of a file whose pixels are encapsulated.
    described : PixelFormat
        Its pixels.
    opened : BinaryIO
        The file.
    jpeg : JpegDecoder
        For what pydicom does not decode.
    """

    def __init__(
        self,
        header: Header,
        described: PixelFormat,
        opened: BinaryIO,
        jpeg: JpegDecoder,
    ) -> None:
        self._jpeg = jpeg
        self._syntax = UID(header.syntax, validation_mode=IGNORE)
        if self._syntax not in READ:
            known = ", ".join(UID(uid).name for uid in READ)
            msg = f"{header.file} is {self._syntax.name}; read are {known}"
            raise ImageError(msg)
        self._header, self._format, self._opened = header, described, opened
        self._frames = self._frame_fragments()

    def stored(self, index: int) -> tuple[npt.NDArray[np.generic], str]:
        """Decode one frame.

        Parameters
        ----------
        index : int
            From 0.

        Returns
        -------
        (rows, columns) or (rows, columns, 3) number
            As stored, before masks, rescale and colours.
        str
            Photometric interpretation of these numbers.

        Raises
        ------
        FileReadError
            If the bytes are damaged or give another size than the header.
        """
        encoded = b"".join(self._bytes(*place) for place in self._frames[index])
        self._check_claim(encoded)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                frame, photometric = self._decode(encoded)
        except _DECODING as error:
            reason = str(error).strip().splitlines()[-1:] or ["damaged"]
            self._refuse(f"frame {index + 1} cannot be decoded ({reason[0].strip()})")
        rows, columns, samples = self._format.shape
        shape = (rows, columns, samples) if samples > 1 else (rows, columns)
        if frame.shape != shape:
            self._refuse(f"frame {index + 1} is {frame.shape}, not {shape}")
        return frame, photometric

    def _refuse(self, what: str) -> Any:
        msg = f"{self._header.file}: {what}; the file is damaged, so copy it again"
        raise FileReadError(msg)

    def _bytes(self, offset: int, length: int) -> bytes:
        self._opened.seek(offset)
        data = self._opened.read(length)
        return data if len(data) == length else self._refuse("it ends too early")

    def _frame_fragments(self) -> list[list[tuple[int, int]]]:
        """Offset and length of the fragments of each frame."""
        table, fragments = self._fragments()
        n_frames = self._format.n_frames
        if n_frames == 1:
            return [fragments]
        if len(fragments) == n_frames:
            return [[fragment] for fragment in fragments]
        starts = np.frombuffer(table[: len(table) // 4 * 4], "<u4").tolist()
        if len(starts) != n_frames or not fragments:
            self._refuse(f"{len(fragments)} fragments for {n_frames} frames")
        first = fragments[0][0]
        frames: list[list[tuple[int, int]]] = [[] for _ in starts]
        for offset, length in fragments:
            after = [i for i, start in enumerate(starts) if start <= offset - first]
            frames[after[-1] if after else 0].append((offset, length))
        return frames

    def _fragments(self) -> tuple[bytes, list[tuple[int, int]]]:
        """Basic offset table, and offset and length of each fragment."""
        pixels = self._header.pixels
        at = pixels.offset if pixels else 0
        found: list[tuple[int, int]] = []
        while len(found) <= _MOST_FRAGMENTS and at < self._header.size:
            tag, length = struct.unpack("<4sL", self._bytes(at, 8))
            number = int.from_bytes(tag[:2], "little") << 16
            number |= int.from_bytes(tag[2:], "little")
            if number == SEQUENCE_END:
                break
            if number != ITEM or length > self._header.size - at - 8:
                if found[1:]:  # garbage after the last fragment
                    break
                self._refuse("its compressed pixels are cut")
            found.append((at + 8, length))
            at += 8 + length
        if len(found) < 2:
            self._refuse("it holds no compressed frame")
        return self._bytes(*found[0]), found[1:]

    def _check_claim(self, encoded: bytes) -> None:
        """Compare the size in the frame's own header, before memory is given to it."""
        if self._syntax in WAVELET:
            size = _size_in_jpeg2000(encoded)
        elif self._syntax in (*JPEG, *LOCO):
            size = _size_in_jpeg(encoded)
            if encoded.rstrip(b"\0\xff")[-2:] != b"\xff\xd9":  # decoders fill with grey
                self._refuse("a compressed frame is cut")
        else:
            return
        rows, columns, samples = self._format.shape
        if size != (rows, columns, samples):
            self._refuse(
                f"a compressed frame is {size[0]} x {size[1]} x {size[2]}, the header "
                f"says {rows} x {columns} x {samples}"
            )

    def _decode(self, encoded: bytes) -> tuple[npt.NDArray[np.generic], str]:
        if self._syntax == DEFLATED_FRAMES:
            return self._inflated(encoded), self._format.photometric
        lossless = self._syntax in (JPEGLossless, JPEGLosslessSV1)
        if lossless or (self._syntax in JPEG and _precision(encoded) > 8):
            return self._jpeg.decode(encoded, self._format, self._syntax)
        return _decode_with_pydicom(encoded, self._format, self._syntax)

    def _inflated(self, encoded: bytes) -> npt.NDArray[np.generic]:
        rows, columns, _ = self._format.shape
        needed = (self._format.frame_bits + 7) // 8
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded, needed)
        if self._format.bits[0] == 1:
            bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
            return bits[: rows * columns].reshape(rows, columns)
        dtype = self._format.dtype.newbyteorder("<")
        return np.frombuffer(data, dtype).reshape(rows, columns)


def _decode_with_pydicom(
    encoded: bytes, described: PixelFormat, syntax: UID
) -> tuple[npt.NDArray[np.generic], str]:
    allocated, stored, _ = described.bits
    rows, columns, samples = described.shape
    options: dict[str, Any] = {
        "transfer_syntax_uid": syntax,
        "rows": rows,
        "columns": columns,
        "samples_per_pixel": samples,
        "number_of_frames": 1,
        "bits_allocated": allocated,
        "bits_stored": stored,
        "photometric_interpretation": described.photometric,
        "pixel_representation": int(described.signed),
        "planar_configuration": int(described.planar),
        "pixel_keyword": "PixelData",
    }
    decoder = get_decoder(syntax)
    frame, meta = decoder.as_array(encapsulate([encoded]), index=0, **options)
    return frame, str(meta["photometric_interpretation"])


def _size_in_jpeg(encoded: bytes) -> tuple[int, int, int]:
    """Rows, columns and components in the frame header of a JPEG or JPEG-LS."""
    start = _frame_header(encoded)
    if start is None or start + 10 > len(encoded):
        return (0, 0, 0)
    rows, columns, components = struct.unpack_from(">HHB", encoded, start + 5)
    return rows, columns, components


def _precision(encoded: bytes) -> int:
    start = _frame_header(encoded)
    return encoded[start + 4] if start is not None else 0


def _frame_header(encoded: bytes) -> int | None:
    """Where the SOF marker is (ITU-T T.81, B.1.1.3; T.87, C.1.1)."""
    at = 2
    while at + 10 <= len(encoded):
        if encoded[at] != 0xFF:
            return None
        marker = encoded[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker == 0xF7 or (
            0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        ):
            return at
        else:
            at += 2 + int.from_bytes(encoded[at + 2 : at + 4], "big")
    return None


def _size_in_jpeg2000(encoded: bytes) -> tuple[int, int, int]:
    """Rows, columns and components in the SIZ marker (ITU-T T.800, A.5.1)."""
    at = encoded.find(b"\xff\x4f\xff\x51", 0, 4096)  # a JP2 box may come before it
    if at < 0 or at + 42 > len(encoded):
        return (0, 0, 0)
    x1, y1, x0, y0 = struct.unpack_from(">LLLL", encoded, at + 8)
    (components,) = struct.unpack_from(">H", encoded, at + 40)
    return y1 - y0, x1 - x0, components
