"""``python -m napari_sam_med`` is the command ``napari-sam-med``."""

import sys

from napari_sam_med.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
