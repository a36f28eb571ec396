"""``python -m napari_sam_med.gui``: napari with both docks open.

``FILES`` are opened; ``--run RUN --case ID`` shows a case of a stored run, and
``--choice``, as JSON, says which of its answers and where its data lie.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.run.masks.case_lookup import CaseChoice
from napari_sam_med.bench.run.masks.chosen_rows import RowChoice
from napari_sam_med.bench.run.store.data_places import known_places
from napari_sam_med.gui.start import start, start_on_case


def main() -> None:
    """Read the arguments, which the command line has checked, and open the viewer."""
    parser = argparse.ArgumentParser(prog="napari_sam_med.gui")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--case", default="")
    parser.add_argument("--choice", type=json.loads, default={})
    asked = parser.parse_args()
    if asked.run is None:
        start(asked.files)
        return
    choice = dict(asked.choice)
    images, labels = (choice.pop(name, None) for name in ("images", "labels"))
    given = known_places(asked.run) if images is None else GivenData(
        Path(images), None if labels is None else Path(labels)
    )  # fmt: skip
    models = tuple(choice.pop("models", ()))
    rows = RowChoice(**choice, models=models)
    start_on_case(asked.run, CaseChoice(asked.case, rows), given)


if __name__ == "__main__":
    main()
