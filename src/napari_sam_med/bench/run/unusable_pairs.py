"""Rows of what could not be used: bad pairs, and label values without a name."""

from __future__ import annotations

from napari_sam_med.bench.data.dataset_identity import case_within
from napari_sam_med.bench.data.label_classes import unknown_labels
from napari_sam_med.bench.data.labelled_volumes import BadPair, LabelledVolume
from napari_sam_med.bench.protocol.result_rows import Row


def unusable_rows(
    pair: LabelledVolume | BadPair, dataset: str, *, published: bool
) -> list[Row]:
    """Make rows of a bad pair, or of label values that have no name.

    Parameters
    ----------
    pair : LabelledVolume or BadPair
        One of a source.
    dataset : str
        As ``dataset_id`` gives it.
    published : bool
        Whether the profile is one of the study's own.

    Returns
    -------
    list of Row
        Each with its error.
    """
    if isinstance(pair, BadPair):
        name = case_within(dataset, pair.name)
        return [Row(case_id=name, image=pair.name, error=pair.reason)]
    known = ", ".join(map(str, pair.label_names))
    return [
        Row(
            case_id=case_within(dataset, f"{pair.name}/label {value}"),
            image=pair.name,
            label=value,
            error=f"label {value} of {pair.name} has no name; named are {known}",
        )
        for value in unknown_labels(pair, published=published)
    ]
