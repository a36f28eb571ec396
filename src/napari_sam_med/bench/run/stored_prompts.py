"""The prompts of an earlier run, to be given to another model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_sam_med.bench.protocol.result_rows import prompts_from_text
from napari_sam_med.core.selection import Selection
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import FileReadError, RunError
from napari_sam_med.simulate.clicks import Click
from napari_sam_med.simulate.modes import Mode, Simulated

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_sam_med.bench.protocol.click_runs import Clicker
    from napari_sam_med.bench.run.store.run_store import RunStore
    from napari_sam_med.core.prompts import Prompts


@dataclass(frozen=True, slots=True)
class StoredPrompts:
    """Prompts of one model's run, case by case.

    Parameters
    ----------
    origin : str
        Where they come from, for the manifest.
    modes : mapping of case_id to mapping of Mode to Simulated
        Prompts of the modes.
    clicks : mapping of (case_id, chain) to Prompts
        All clicks of a chain, in order.
    sha256 : str
        Of all of these, for the manifest: runs of one name may hold others.
    recorded : mapping of str to tuple of Prompts
        What a person asked of each part of an object, by the case without its data set.
    files : sequence of mapping
        Names and hashes of what the run was over.
    """

    origin: str
    modes: Mapping[str, Mapping[Mode, Simulated]]
    clicks: Mapping[tuple[str, str], Prompts]
    sha256: str = ""
    recorded: Mapping[str, tuple[Prompts, ...]] = field(default_factory=dict)
    files: Sequence[Mapping[str, str]] = ()

    @classmethod
    def of(cls, store: RunStore, model: str = "") -> StoredPrompts:
        """Read the prompts of a run.

        Parameters
        ----------
        store : RunStore
            The run.
        model : str
            Whose prompts: clicks answer a model's own errors. If empty, those of the
            model that the run names first.

        Raises
        ------
        RunError
            If the run has no such model.
        FileReadError
            If the run cannot be read.
        """
        manifest = store.manifest()
        first = next(iter(manifest["models"]), "")
        rows = store.rows(
            ["case_id", "model", "setting", "step", "selection", "prompts", "error"]
        )
        rows = rows[rows["error"].eq("")]
        names = sorted(rows["model"].unique())
        model = model or first
        if model not in names:
            msg = (
                f"{store.folder} has prompts of {', '.join(names) or 'no model'}, not "
                f"of {model or 'any'}; name one of them"
            )
            raise RunError(msg)
        modes: dict[str, dict[Mode, Simulated]] = {}
        clicks: dict[tuple[str, str], Prompts] = {}
        digest = hashlib.sha256()
        for row in rows[rows["model"].eq(model)].sort_values("step").itertuples():
            told = (row.case_id, row.setting, row.step, row.selection, row.prompts)
            if row.setting in (*Mode, "clicks"):
                digest.update(json.dumps(told).encode())
            if row.setting in list(Mode):
                simulated = Simulated(prompts_from_text(row.prompts, row.case_id))
                modes.setdefault(row.case_id, {})[Mode(row.setting)] = simulated
            elif row.setting == "clicks":
                key = (row.case_id, row.selection)
                clicks[key] = _chain(row.prompts, row.case_id)
        origin = printable(f"{store.folder.name}, {model}")
        digits, files = digest.hexdigest(), manifest["files"]
        return cls(origin, modes, clicks, digits, files=files)

    @property
    def n_joined(self) -> int:
        """How many objects were asked in several parts, whose masks are joined."""
        return sum(len(parts) > 1 for parts in self.recorded.values())

    def other_files(self, files: Sequence[Mapping[str, str]]) -> list[str]:
        """Name those files that had other content when the prompts were made.

        Parameters
        ----------
        files : sequence of mapping
            Names and hashes of what the prompts are to be asked of.
        """
        # image and label may have one name: a hash each
        known = {(each["name"], each["sha256"]) for each in self.files}
        names = {name for name, _ in known}
        other = (
            each["name"]
            for each in files
            if each["name"] in names and (each["name"], each["sha256"]) not in known
        )
        return list(dict.fromkeys(other))

    def only(self, case_ids: Collection[str]) -> StoredPrompts:
        """Keep the prompts of some cases, to be sent to who computes them."""
        return StoredPrompts(
            self.origin,
            {case: modes for case, modes in self.modes.items() if case in case_ids},
            {key: made for key, made in self.clicks.items() if key[0] in case_ids},
            self.sha256,
            self.recorded,
        )

    def modes_of(self, case_id: str) -> dict[Mode, Simulated]:
        """Return the prompts of the modes, in their order.

        Raises
        ------
        RunError
            If there are none.
        """
        if case_id not in self.modes:
            msg = f"{self.origin} has no modes for {case_id}; run them there first"
            raise RunError(msg)
        return dict(sorted(self.modes[case_id].items()))

    def clicker(self, case_id: str, chain: str) -> Clicker:
        """Return someone who makes the stored clicks, whatever the mask looks like.

        Parameters
        ----------
        case_id : str
            The case.
        chain : str
            Which chain; where the other model lacks it, that of its best score.

        Raises
        ------
        RunError
            If there are none.
        """
        keys = [(case_id, chain), (case_id, str(Selection.BEST_SCORE))]
        stored = next((self.clicks[key] for key in keys if key in self.clicks), None)
        if stored is None:
            msg = f"{self.origin} has no clicks for {case_id}; make them there first"
            raise RunError(msg)

        def click(
            _mask: npt.NDArray[np.bool_] | None, clicked_rc: npt.NDArray[np.float64]
        ) -> Click | None:
            number = len(clicked_rc)
            if number == len(stored.points_rc):
                return None
            row, col = stored.points_rc[number]
            polarity = int(stored.labels[number])
            return Click((int(row), int(col)), polarity, 0, 0.0)

        return click


def _chain(text: str, case_id: str) -> Prompts:
    """Read the clicks of a chain, which are one set of prompts."""
    found = prompts_from_text(text, case_id)
    if len(found) != 1:
        msg = f"the result of {case_id} has {len(found)} sets of clicks; make it anew"
        raise FileReadError(msg)
    return found[0]
