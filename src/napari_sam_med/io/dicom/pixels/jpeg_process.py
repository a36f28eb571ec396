"""Decodes JPEG frames with ITK in a process of its own; started by `jpeg`.

Reads the name of a DICOM file on each line of standard input, writes its pixels beside
it as ``.npy``, and answers with one line: empty, or what went wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk


def main() -> None:
    """Answer until standard input ends."""
    for line in sys.stdin:
        file = Path(line.rstrip("\n"))
        reason = ""
        try:
            image = sitk.ReadImage(str(file), imageIO="GDCMImageIO")
            np.save(file.with_suffix(".npy"), sitk.GetArrayFromImage(image))
        except (RuntimeError, OSError, MemoryError) as error:
            reason = str(error).strip().splitlines()[-1]
        sys.stdout.write(reason + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
