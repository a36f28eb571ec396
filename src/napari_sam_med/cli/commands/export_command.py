"""``export``: the masks of a stored run, predicted again from its stored prompts."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from napari_sam_med.bench.data.given_data import GivenData
from napari_sam_med.bench.data.hashing import hash_of_path
from napari_sam_med.bench.data.labelled_volumes import LabelledVolume, VolumeSource
from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile
from napari_sam_med.bench.run.masks.chosen_rows import (
    RowChoice,
    chosen_rows,
    settings_of,
)
from napari_sam_med.bench.run.store.data_places import known_places
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.cli.commands.benchmark_command import Data, given_data
from napari_sam_med.cli.progress import counting
from napari_sam_med.cli.stored_models import StoredModels
from napari_sam_med.cli.terminal import Console
from napari_sam_med.core.storage.atomic_files import check_free, write_text
from napari_sam_med.errors import FileWriteError, RunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    import numpy.typing as npt

    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.run.masks.object_masks import ObjectMask

TABLE = "masks.csv"
NPZ = ".npz"
LONGEST = 80
"""Bytes of an image's or a model's name: both, with label and setting, stay below the
255 that file systems take."""
ALL_OF_IT = Data()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Exported:
    """Which answers, and where they go.

    Parameters
    ----------
    masks
        Write masks: NIfTI with the image's geometry, PNG for pictures, for npz files of
        the challenge its answers (segs, all labels in one, in a folder for each model),
        and masks.csv with the Dice of each volume's slices and of the volume.
    out
        Folder for the files.
    setting
        As rows name it: mode1 to mode5, clicks, ...; by default mode5.
    step
        Number of the click; by default the last of each case.
    selection
        As rows name it; by default the profile's default mask.
    model
        Models of the run; by default all. NAME=FILE for a checkpoint of your own.
    overwrite
        Replace files of earlier exports.
    """

    out: Path
    masks: Annotated[bool, Parameter(negative=())] = False
    setting: str = ""
    step: int | None = None
    selection: str = ""
    model: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    overwrite: Annotated[bool, Parameter(negative=())] = False


def export(
    run: Path,
    images: Path | None = None,
    labels: Path | None = None,
    /,
    *,
    exported: Exported,
    data: Data = ALL_OF_IT,
) -> int:
    """Write the masks that a stored run measured.

    Parameters
    ----------
    run
        Results of `benchmark` or `demo`.
    images
        Images of the run, as `benchmark` took them; by default where they lay then.
    labels
        Its labels, needed where IMAGES is given and `benchmark` took LABELS.
    exported
        Which answers, and where they go.
    data
        Which of the data, as `benchmark` took them.
    """
    if not exported.masks:
        msg = "nothing is to be exported; give --masks"
        raise RunError(msg)
    store = RunStore(run)
    manifest = store.manifest()
    names = tuple(each.partition("=")[0] for each in exported.model)
    choice = RowChoice(exported.setting, exported.step, exported.selection, names)
    rows = chosen_rows(store, choice)
    source = _given(store, images, labels, data).open()
    _check_data(source, manifest, run)
    files = _FileNames.of(rows)
    outputs = _outputs(rows, files, exported.out)
    for path in outputs:
        check_free(path, overwrite=exported.overwrite)
    _check_not_data(outputs, manifest)
    models = StoredModels(manifest, exported.model)
    for name, zoom in sorted({(row.model, row.zoom) for row in rows}):
        models.load(name, zoom)  # one that cannot be is told before a mask is written
    lines = _write_all(rows, source, models, settings_of(manifest), (exported, files))
    table = StringIO()
    csv.writer(table, lineterminator="\n").writerows(lines)
    write_text(exported.out / TABLE, table.getvalue(), overwrite=exported.overwrite)
    Console().print(f"Masks: {exported.out}", soft_wrap=True)
    return 0


def _given(
    store: RunStore, images: Path | None, labels: Path | None, data: Data
) -> GivenData:
    """Say where the data lie: as they are given, or where they lay."""
    if images is None and data != ALL_OF_IT:
        msg = (
            "without IMAGES the data of the run are read as they were then; give "
            "IMAGES and LABELS too, or leave out what tells about data"
        )
        raise RunError(msg)
    if images is None:
        return known_places(store.folder)
    profile = store.manifest()["settings"]["profile"]
    if labels is None and not data.dataset and profile == VolumeProfile.CVPR25_3D:
        return GivenData(images, kind="challenge")
    return given_data(images, labels, data)


def _write_all(
    rows: Sequence[Row],
    source: VolumeSource,
    models: StoredModels,
    settings: Any,
    to: tuple[Exported, _FileNames],
) -> list[tuple[object, ...]]:
    from napari_sam_med.bench.run.masks.object_masks import object_mask

    exported, files = to
    lines: list[tuple[object, ...]] = [
        ("file", "image", "label", "model", "setting", "step", "selection", "n_slices",
         "dice_slices", "dice_volume"),
    ]  # fmt: skip
    wanted = {row.image for row in rows}
    with counting("Predicting") as step:
        done = 0
        for pair in source:
            if not isinstance(pair, LabelledVolume) or pair.name not in wanted:
                continue
            own = [row for row in rows if row.image == pair.name]
            answers: dict[str, npt.NDArray[np.int64]] = {}
            for _, group in groupby(own, lambda row: (row.label, row.model)):
                one = list(group)
                last = max(one, key=lambda row: row.step)  # slices may have fewer
                found = object_mask(
                    one, pair, models.loader(last.model, last.zoom), settings
                )
                if _is_of_challenge(pair):
                    name = str(files.answer(pair.name, last.model))
                    empty = np.zeros(pair.labels.shape, np.int64)
                    answer = answers.setdefault(last.model, empty)
                    answer[found.mask] = last.label  # of two the later label stays
                else:
                    name = files.stem(last) + _suffix_for(pair)
                    _write(exported.out / name, pair, found, exported)
                lines.append(_line(last, name, found))
                done += len(one)
                step(done, len(rows), None)
            of_models = {
                exported.out / files.answer(pair.name, model): labels
                for model, labels in answers.items()
            }
            _write_answers(of_models, overwrite=exported.overwrite)
    return lines


@dataclass(frozen=True, slots=True)
class _FileNames:
    """Parts of files' names, by the names in rows; no two are alike."""

    images: Mapping[str, str]
    models: Mapping[str, str]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _FileNames:
        return cls(
            _told_apart({row.image for row in rows}),
            _told_apart({row.model for row in rows}),
        )

    def stem(self, row: Row) -> str:
        step = _plain(f"{row.setting}-{row.step}")
        return f"{self.images[row.image]}_{row.label}_{self.models[row.model]}_{step}"

    def answer(self, image: str, model: str) -> Path:
        return Path(self.models[model]) / f"{self.images[image]}{NPZ}"


def _told_apart(names: Set[str]) -> dict[str, str]:
    """Make parts of files' names that are as different as the names."""
    plain = {
        name: _plain(name).encode("utf-8", "replace")[:LONGEST].decode(errors="ignore")
        for name in names
    }
    # the file systems of macOS and Windows take capital and small letters alike
    counts = Counter(part.casefold() for part in plain.values())
    return {
        name: part
        if counts[part.casefold()] == 1
        else f"{part}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
        for name, part in plain.items()
    }


def _suffix_for(pair: LabelledVolume) -> str:
    from napari_sam_med.io.formats import PICTURES, suffix_from_path

    files = pair.volume.files
    flat = bool(files) and suffix_from_path(files[0]) in PICTURES
    return ".png" if flat and pair.volume.shape_zyx[0] == 1 else ".nii.gz"


def _write(
    path: Path, pair: LabelledVolume, found: ObjectMask, exported: Exported
) -> None:
    from napari_sam_med.io.writing.export import write_labels

    labels = found.mask.astype("uint8") * (255 if path.suffix == ".png" else 1)
    write_labels(path, labels, pair.volume.geometry, overwrite=exported.overwrite)


def _outputs(rows: Sequence[Row], files: _FileNames, out: Path) -> list[Path]:
    """All names that may be written to, whatever kind the image turns out to be."""
    stems = dict.fromkeys(files.stem(row) for row in rows)
    answers = dict.fromkeys(files.answer(row.image, row.model) for row in rows)
    masks = [f"{stem}{suffix}" for stem in stems for suffix in (".png", ".nii.gz")]
    return [out / TABLE, *(out / name for name in masks), *(out / a for a in answers)]


def _write_answers(
    answers: Mapping[Path, npt.NDArray[np.int64]], *, overwrite: bool
) -> None:
    """Write what each model found in an image of the challenge."""
    from napari_sam_med.io.volume_formats.challenge_npz import write_challenge_answer

    for path, labels in answers.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_challenge_answer(path, labels, overwrite=overwrite)


def _is_of_challenge(pair: LabelledVolume) -> bool:
    files = pair.volume.files
    return bool(files) and files[0].suffix.lower() == NPZ


def _plain(text: str) -> str:
    """A part of a file's name: letters, digits and few signs."""
    return "".join(c if c.isalnum() or c in "-.@" else "-" for c in text)


def _line(row: Row, name: str, found: ObjectMask) -> tuple[object, ...]:
    from napari_sam_med.io.writing.tables import cell

    return (
        cell(name), cell(row.image), row.label, cell(row.model), row.setting, row.step,
        row.selection, found.n_slices, round(found.dice_slices, 6),
        round(found.dice_volume, 6),
    )  # fmt: skip


def _check_data(source: VolumeSource, manifest: Mapping[str, Any], run: Path) -> None:
    """Refuse other data than the run's, whose prompts would mean nothing."""
    there = {file["sha256"] for file in manifest["files"]}
    foreign = [
        file["name"] for file in source.fingerprint() if file["sha256"] not in there
    ]
    if foreign:
        msg = f"{foreign[0]} is no file of {run}; give the images and labels of the run"
        raise RunError(msg)


def _check_not_data(outputs: Sequence[Path], manifest: Mapping[str, Any]) -> None:
    """Refuse to replace a file of the run's data, known by what is in it."""
    read = {file["sha256"] for file in manifest["files"]}
    there = (path for path in outputs if path.is_file())
    same = next((path for path in there if hash_of_path(path) in read), None)
    if same is not None:
        msg = (
            f"{same} is a file of the run's data, which is never overwritten; give "
            "another folder"
        )
        raise FileWriteError(msg)
