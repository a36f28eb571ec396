"""``python -m napari_sam_med.samples FOLDER`` writes the sample files."""

from __future__ import annotations

import sys
from pathlib import Path

from napari_sam_med.errors import SamMedError
from napari_sam_med.samples.sample_files import write_samples


def main(arguments: list[str]) -> int:
    """Write the samples into the one folder named; 0 if done, 2 if not."""
    if len(arguments) != 1:
        sys.stderr.write("give one folder: python -m napari_sam_med.samples FOLDER\n")
        return 2
    try:
        write_samples(Path(arguments[0]))
    except SamMedError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
