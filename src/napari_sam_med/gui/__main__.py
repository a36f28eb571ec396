"""``python -m napari_sam_med.gui FILES``: napari with both docks open."""

from __future__ import annotations

import sys

from napari_sam_med.gui.start import start

if __name__ == "__main__":
    start(sys.argv[1:])
