"""Rows on disk: written in whole parts, found again when a run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam_med.bench.protocol.result_rows import COLUMNS, Drawn
from napari_sam_med.bench.run.store.earlier_runs import (
    NAMED,
    names_data,
    with_data_named,
)
from napari_sam_med.bench.run.store.row_parts import part_groups, read_part
from napari_sam_med.bench.run.store.row_tables import (
    ROW_KEY,
    frame_from_table,
    in_order,
    row_schema,
    table_from_rows,
    write_tables,
)
from napari_sam_med.bench.run.store.run_identity import (
    check_same,
    going_on,
    joined_models,
    now,
    other_weights,
    with_peak_memory,
)
from napari_sam_med.bench.run.store.stored_runs import MANIFEST as STORED_MANIFEST
from napari_sam_med.core.storage.atomic_files import check_free, remedy_of, write_text
from napari_sam_med.core.storage.plain_text import unicode_text
from napari_sam_med.core.storage.run_lock import LOCK, RunLock
from napari_sam_med.errors import FileReadError, FileWriteError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from napari_sam_med.bench.protocol.result_rows import Row
    from napari_sam_med.bench.protocol.run_settings import ModelSpec
    from napari_sam_med.bench.run.progress_events import CaseDone

MANIFEST, RESULTS, SUMMARY, REPORT = (
    "manifest.json",
    "results",
    "summary.csv",
    "report.html",
)
MOST_PARTS = 256
"""Cases that have a part each, until these are joined: a case is on the disk at once,
and no row is written more than three times however many cases there are."""


class RunStore:
    """A folder with one run: ``manifest.json`` and a Parquet data set in ``results``.

    Nothing is written before the first row. A part is written under another name and
    then moved, so that a killed process leaves whole parts only. From the first row of
    a run to ``close`` no other process may write into the folder.

    Parameters
    ----------
    folder : Path
        New, empty, or with an earlier part of the same run.
    command : sequence of str
        The command line that asks for the run, for the manifest.
    """

    def __init__(self, folder: Path, command: Sequence[str] = ()) -> None:
        self.folder = Path(folder)
        self._command = [unicode_text(word) for word in command]
        self._manifest: dict[str, Any] = {}
        self._lock = RunLock(self.folder)
        self._fresh: list[Path] = []
        self._is_noted = False

    @property
    def results(self) -> Path:
        """The folder of the Parquet data set."""
        return self.folder / RESULTS

    def open(
        self,
        manifest: Mapping[str, Any],
        models: Sequence[ModelSpec],
    ) -> dict[tuple[str, str], list[Drawn]]:
        """Get ready for a run, or to go on with it.

        Parameters
        ----------
        manifest : mapping
            Of what is asked, as ``manifest_of`` gives it.
        models : sequence of ModelSpec
            The models; may differ from those of an earlier part.

        Returns
        -------
        dict of (model, case_id) to list of Drawn
            What is stored already.

        Raises
        ------
        RunError
            If the folder holds another run or other files, another process writes into
            it, or a model had other weights or was computed otherwise then.
        FileReadError
            If the manifest or a part is damaged.
        FileWriteError
            If nothing may be written in the folder.
        """
        if self._command:
            asked = {"command": self._command, "commands": [self._command]}
            manifest = {**asked, **manifest}
        if not (self.folder / MANIFEST).exists() and self._lock.was_taken:
            self._lock.take()
        if not (self.folder / MANIFEST).exists():
            self._check_free()
            self._manifest = dict(manifest)
            return self._stored()
        # a run that is refused is not touched, not even by a lock
        self._manifest, parts = self._gone_on_with(manifest, models), self._parts()
        stored = self._stored()
        self._lock.take()
        self._manifest = self._gone_on_with(manifest, models)
        return stored if self._parts() == parts else self._stored()

    def keeping(self, events: Iterable[CaseDone]) -> Iterator[CaseDone]:
        """Pass on a run's events and write its rows, at the latest when it is closed.

        Parameters
        ----------
        events : iterable of CaseDone
            The run.

        Yields
        ------
        CaseDone
            After its rows were written.
        """
        for one in events:
            if one.rows:
                self.append(one.rows)
            yield one

    def close(self) -> None:
        """Let other processes write into the folder."""
        self._lock.release()

    def note_empty(self, names: Sequence[str]) -> None:
        """Note in the manifest which images hold no object.

        Parameters
        ----------
        names : sequence of str
            Of the images.

        Raises
        ------
        FileWriteError
            If the folder cannot be written.
        """
        if self._manifest.get("without_object") != list(names):
            self._manifest["without_object"] = list(names)
            self._write_manifest()

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows as a part of their own.

        Parameters
        ----------
        rows : sequence of Row
            All rows of one case.

        Raises
        ------
        FileWriteError
            If the folder cannot be written.
        RunError
            If a model has other weights than in an earlier part of the run, or another
            process writes into the folder.
        """
        try:
            self._begin()
            self._note_weights(rows[0])  # a kill may come between any two of these
            self.results.mkdir(exist_ok=True)
            parts = self._parts()
            number = int(parts[-1].stem.split("-")[1]) + 1 if parts else 0
            part = self.results / _part_name(number)
            write_tables([table_from_rows(rows)], part)
            self._fresh.append(part)
            if len(self._fresh) >= MOST_PARTS:
                self._join(self._fresh)
                self._fresh = []
        except (FileReadError, FileWriteError):
            raise
        except OSError as error:
            raise _unwritten(self.folder, error) from error

    def compact(self) -> None:
        """Join the parts into one file.

        Notes
        -----
        A process killed between writing and removing leaves rows twice; ``rows`` reads
        them once.
        """
        self._join(self._parts())

    def finish(self) -> None:
        """Note in the manifest that the run came to its end, and join the parts.

        Raises
        ------
        FileReadError
            If the manifest or a part is damaged.
        FileWriteError
            If the folder cannot be written; the rows are kept as they are.
        RunError
            If another process writes into the folder.
        """
        manifest = self.manifest()  # before anything is changed
        for part in self._parts():
            for _ in part_groups(part, row_schema()):
                pass  # reading is the check
        self._lock.take()
        try:
            self.compact()
            self._manifest = {**with_peak_memory(manifest), "finished": now()}
            self._write_manifest()
        except (FileReadError, FileWriteError):
            raise
        except OSError as error:
            raise _unwritten(self.folder, error) from error
        finally:
            self.close()

    def manifest(self) -> dict[str, Any]:
        """Read what was run on what.

        Returns
        -------
        dict

        Raises
        ------
        FileReadError
            If the folder has no manifest of ours, or it is damaged.
        """
        manifest: dict[str, Any] = STORED_MANIFEST.read_plain(self.folder / MANIFEST)
        return manifest

    def rows(
        self, columns: Sequence[str] | None = None, *, categories: bool = False
    ) -> pd.DataFrame:
        """Read rows.

        Parameters
        ----------
        columns : sequence of str, optional
            Of ``Row``, those that are needed: others are not read. By default all.
        categories : bool
            Give texts as sorted categories and whole numbers in 32 bits, which takes
            half of the memory.

        Returns
        -------
        pandas.DataFrame
            These columns, sorted by case, model, setting, step, selection. Rows of
            earlier releases are brought to what today's hold.

        Raises
        ------
        FileReadError
            If a part is damaged.
        """
        wanted = list(COLUMNS if columns is None else columns)
        known = self.manifest() if (self.folder / MANIFEST).exists() else None
        earlier = known is not None and not names_data(known)
        read = {*wanted, *ROW_KEY, *(NAMED if earlier else ())}
        schema = row_schema(read, categories=categories)
        frame = frame_from_table(self._table(schema))
        if known is not None and earlier:
            frame = with_data_named(frame, known)
            if categories:
                frame = frame.astype(dict.fromkeys(NAMED, "category"))
        return in_order(frame)[wanted]

    def _join(self, parts: Sequence[Path]) -> None:
        if len(parts) > 1:
            groups = (one for part in parts for one in part_groups(part, row_schema()))
            write_tables(groups, parts[-1])
            for part in parts[:-1]:
                part.unlink()

    def _table(self, schema: pa.Schema) -> pa.Table:
        import pyarrow as pa

        found = self._parts()
        try:
            parts = [read_part(part, schema) for part in found]
        except FileReadError:
            if all(part.exists() or part.is_symlink() for part in found):
                raise
            return self._table(schema)  # a run that goes on has joined them meanwhile
        return pa.concat_tables([schema.empty_table(), *parts])

    def _stored(self) -> dict[tuple[str, str], list[Drawn]]:
        found: dict[tuple[str, str], list[Drawn]] = {}
        if self.results.exists():
            columns = ["model", "case_id", *Drawn._fields]
            frame = self.rows(columns, categories=True)  # equal texts are one object
            for model, case_id, *drawn in frame.itertuples(index=False):
                found.setdefault((model, case_id), []).append(Drawn(*drawn))
        return found

    def _gone_on_with(
        self, manifest: Mapping[str, Any], models: Sequence[ModelSpec]
    ) -> dict[str, Any]:
        """Join a manifest with the stored one, or refuse it."""
        earlier = self.manifest()
        check_same(earlier, manifest, self.folder)
        known = joined_models(earlier["models"], models, self.folder)
        return going_on(earlier, manifest, known)

    def _parts(self) -> list[Path]:
        return sorted(self.results.glob("part-*.parquet"))

    def _check_free(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            msg = f"{self.folder} is a file; give a folder for the run"
            raise RunError(msg)
        # a kill before the first row may leave a folder of core.atomic_files, the lock,
        # and in earlier releases results without a row
        others = sorted(
            path.name
            for path in self.folder.glob("*")
            if not (
                path.name == LOCK
                or path.name.startswith(".part-")
                or (path.name == RESULTS and not self._parts())
            )
        )
        if others:
            msg = (
                f"{self.folder} holds {', '.join(others[:3])} and no run; give a new "
                "or an empty folder"
            )
            raise RunError(msg)
        check_free(self.folder / MANIFEST, overwrite=False)

    def _begin(self) -> None:
        """Take a new folder before the first row is written into it."""
        if self._lock.is_held:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock.take()
        if (self.folder / MANIFEST).exists():
            msg = (
                f"another run has begun in {self.folder} meanwhile; run the same "
                "command again to go on with it, or give a new folder"
            )
            raise RunError(msg)

    def _note_weights(self, row: Row) -> None:
        """Write the manifest before the first row, and again with each new model."""
        known = self._manifest["models"].get(row.model, {})
        if known.get("sha256", row.model_sha256) != row.model_sha256:
            raise other_weights(row.model, self.folder)
        if row.model and "sha256" not in known:
            self._manifest["models"][row.model] = {**known, "sha256": row.model_sha256}
            self._write_manifest()
        elif not self._is_noted:  # a part that goes on is noted too
            self._write_manifest()

    def _write_manifest(self) -> None:
        text = json.dumps(self._manifest, indent=2, ensure_ascii=False)
        write_text(self.folder / MANIFEST, text + "\n")
        self._is_noted = True


def _unwritten(folder: Path, error: OSError) -> FileWriteError:
    msg = (
        f"{folder} cannot be written ({error.strerror or error}); "
        f"{remedy_of(error, 'give a folder that can be written')} and run it again: "
        "rows written before are kept"
    )
    return FileWriteError(msg)


def _part_name(number: int) -> str:
    return f"part-{number:07d}.parquet"
