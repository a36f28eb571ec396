"""Which slices of which objects count as corrected by hand after a stroke."""

import numpy as np
import pytest

from napari_sam_med.session.labelling.label_edits import LabelEdit
from napari_sam_med.session.object_steps import drawn_over
from napari_sam_med.session.objects import SessionState


def noted(old, new, axis) -> set:
    edit = LabelEdit.between("here", old, new, (0,) * old.ndim, old.shape)
    sources = drawn_over(SessionState(), edit, axis).sources
    return {(key.label, key.time, key.index) for key in sources}


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shape", [(5, 6), (4, 5, 6), (3, 4, 5, 6)])
def test_each_label_is_noted_on_the_slices_where_it_changed_and_no_others(shape, axis):
    rng = np.random.default_rng(axis)
    old = rng.integers(0, 6, shape)
    new = np.where(rng.random(shape) < 0.03, 7, old)
    new.flat[:2] = 7  # something changes in any case
    axis = axis if len(shape) > 2 else 0
    wanted = set()
    for at in np.argwhere(old != new):
        index = (0, *at)[-3:][axis]
        time = at[0] if len(shape) == 4 else None
        for label in {int(old[tuple(at)]), 7} - {0}:
            wanted.add((label, time, index))
    assert noted(old, new, axis) == wanted
