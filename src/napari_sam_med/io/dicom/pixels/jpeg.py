"""Lossless and 12-bit JPEG, decoded by ITK outside this process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, CTImageStorage, generate_uid

if TYPE_CHECKING:
    from types import TracebackType

    import numpy.typing as npt

    from napari_sam_med.io.dicom.pixel_format import PixelFormat

MOST_SECONDS = 60.0
"""For one frame; a radiograph of 4,000 x 4,000 takes about one."""


class JpegDecoder:
    """Decodes JPEG frames that pydicom's decoders do not.

    Notes
    -----
    ITK's decoder is C++ that was written for sound files, and tells on standard error
    what it tries: in a process of its own a damaged frame ends neither this one nor in
    noise. The process starts with the first frame and serves all of a volume.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> JpegDecoder:
        """Make a folder to hand frames over in."""
        self._folder = tempfile.TemporaryDirectory(prefix="frame-")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._folder.cleanup()

    def decode(
        self, encoded: bytes, described: PixelFormat, syntax: UID
    ) -> tuple[npt.NDArray[np.generic], str]:
        """Decode one frame.

        Parameters
        ----------
        encoded : bytes
            One JPEG image.
        described : PixelFormat
            What the header says of it.
        syntax : UID
            Transfer syntax.

        Returns
        -------
        (rows, columns) or (rows, columns, 3) number
        str
            Its photometric interpretation.

        Raises
        ------
        ValueError
            If it cannot be decoded.
        """
        file = Path(self._folder.name) / "frame.dcm"
        colour = described.shape[2] > 1
        _write_clean(file, encoded, described, syntax)
        reason = self._answer(file)
        if reason:
            raise ValueError(reason)
        array: npt.NDArray[np.generic] = np.load(file.with_suffix(".npy"))
        frame = array if array.ndim == 2 + colour else array[0]
        return frame, "RGB" if colour else described.photometric

    def _answer(self, file: Path) -> str:
        if self._process is None:
            script = Path(__file__).with_name("jpeg_process.py")
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
        if self._process.stdin is None or self._process.stdout is None:
            return "the decoder does not run"
        watch = Timer(MOST_SECONDS, self._process.kill)
        watch.start()
        try:
            self._process.stdin.write(f"{file}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        return line.strip() if line else "the decoder failed"


def _write_clean(
    file: Path, encoded: bytes, described: PixelFormat, syntax: UID
) -> None:
    """Write a file that holds nothing but the frame."""
    clean = Dataset()
    clean.file_meta = FileMetaDataset()
    clean.file_meta.TransferSyntaxUID = syntax
    clean.SOPClassUID = clean.file_meta.MediaStorageSOPClassUID = CTImageStorage
    clean.SOPInstanceUID = generate_uid()
    clean.file_meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    clean.Rows, clean.Columns, clean.SamplesPerPixel = described.shape
    clean.BitsAllocated, clean.BitsStored, clean.HighBit = described.bits
    clean.PixelRepresentation = int(described.signed)
    clean.PhotometricInterpretation = "MONOCHROME2"
    if described.shape[2] > 1:
        clean.PhotometricInterpretation = described.photometric
        clean.PlanarConfiguration = int(described.planar)
    clean.PixelData = encapsulate([encoded])
    clean["PixelData"].is_undefined_length = True
    clean.save_as(file, enforce_file_format=True)
