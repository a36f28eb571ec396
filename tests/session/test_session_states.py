"""The state of the work survives its file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.planes import SlicePlane
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import FileWriteError
from napari_sam_med.session.autosaves import Autosaves
from napari_sam_med.session.kinds.placed_strokes import PlacedStroke
from napari_sam_med.session.kinds.slice_objects import SecondBox
from napari_sam_med.session.kinds.start_masks import StartMask
from napari_sam_med.session.objects import (
    CandidateChoice,
    MaskPlace,
    MaskSource,
    ObjectEntry,
    SessionState,
)
from napari_sam_med.session.prompt_image import PromptImage
from napari_sam_med.session.replay import load_session, save_records
from napari_sam_med.session.session_states import (
    LabelsBeside,
    SessionSnapshot,
    saved_from,
    state_from,
)
from napari_sam_med.session.volume_prompts import ObjectPrompts, PlacedBox

SHAPE = (4, 20, 24)
PLANE = SlicePlane(0, 2)
IMAGE = PromptImage(
    Volume(np.zeros(SHAPE), Geometry((1.0, 1.0, 3.0)), "ct"), Window(0.0, 1.0), "a"
)


def state_of() -> SessionState:
    boxes = [PlacedBox(0, 2, (1.0, k, 5.0, k + 4.0)) for k in (1.0, 9.0)]
    prompts = ObjectPrompts().with_point((2.0, 3.0, 4.0), 1)
    for box in boxes:
        prompts = prompts.with_box(box, SecondBox.PART)
    line = PlacedStroke.scribble([(1, 1), (9, 9)], 0, PLANE, SHAPE[1:])
    lasso = PlacedStroke.lasso([(1, 1), (1, 9), (9, 9)], 1, PLANE, SHAPE[1:])
    prompts = prompts.with_stroke(line).with_stroke(lasso)
    choices = tuple(
        CandidateChoice(each.prompts, "fake", k)
        for k, each in enumerate(prompts.each_on(PLANE))
    )
    start = StartMask.of(np.eye(20, 24, dtype=bool))
    return SessionState(
        prompts=prompts, choices={(0, 2): choices}, starts={(0, 2): start}
    )


def snapshot_of(state: SessionState) -> SessionSnapshot:
    began = "2026-01-01T00:00:00+00:00"
    return SessionSnapshot(state, IMAGE, PLANE, (), "fake", "", "l", None, None, began)


def saved(tmp_path, state: SessionState, **changes):
    shot = snapshot_of(state)
    path = tmp_path / "s.json"
    save_records(path, [], saved_from(shot, shot.identity))
    stored = json.loads(path.read_text())
    stored.update(changes)
    if changes:
        for name in ("strokes", "joins", "starts"):
            del stored["session"][name]
    path.write_text(json.dumps(stored))
    return load_session(path)[0]


def test_lines_parts_starting_masks_and_choices_survive(tmp_path):
    state = state_of()
    found = state_from(saved(tmp_path, state), (), {"l": "l"})
    assert found.prompts.same_as(state.prompts)
    assert found.starts == state.starts
    slots = [each.slot for each in found.choices[0, 2]]
    assert slots == [0, 1]


def test_a_session_of_version_3_has_no_lines(tmp_path):
    found = state_from(saved(tmp_path, state_of(), version=3), (), {"l": "l"})
    assert found.prompts.strokes == ()
    assert not found.prompts.joins
    assert len(found.prompts.boxes) == 2


def test_work_in_other_layers_survives_and_shrinks(tmp_path):
    labels = np.zeros((40, 200, 240), np.uint16)[::2]  # a view, as layers hold them
    labels[1, 3:9, 4:8] = 7
    at = MaskPlace("organs", 7, 0, 1)
    state = replace(
        state_of(),
        objects={("organs", 7): ObjectEntry("liver", (1, 2, 3), is_locked=True)},
        sources={at: MaskSource(0.5)},
        records=(),
    )
    beside = (LabelsBeside("organs", "o", labels), LabelsBeside("lost", "l", None))
    shot = replace(snapshot_of(state), beside=beside)
    path = tmp_path / "s.json"
    save_records(path, [], saved_from(shot, shot.identity))
    session, _ = load_session(path)
    assert path.stat().st_size < labels.nbytes / 50
    assert [each.layer.name for each in session.layers] == ["", "o", "l"]
    np.testing.assert_array_equal(session.beside[0].labels.array(), labels)
    found = state_from(session, (), {"organs": "new"})
    assert found.objects == {("new", 7): state.objects["organs", 7]}
    assert found.sources == {replace(at, place="new"): MaskSource(0.5)}


def test_a_session_that_could_not_be_read_again_is_not_written(tmp_path):
    noise = np.random.default_rng(1).integers(0, 2**31, (4, 1800, 1800), np.int32)
    shot = replace(snapshot_of(state_of()), labels=("noise", noise))
    path = tmp_path / "s.json"
    with pytest.raises(FileWriteError, match="and at most 64 MB can be read"):
        save_records(path, [], saved_from(shot, shot.identity))
    assert not path.exists()


def test_docks_that_begin_in_one_second_keep_a_session_each(tmp_path):
    shots = [snapshot_of(state_of()) for _ in range(2)]
    docks = [Autosaves(tmp_path), Autosaves(tmp_path)]
    paths = [
        dock.write(shot, shot.identity) for dock, shot in zip(docks, shots, strict=True)
    ]
    assert len(set(paths)) == len(list(tmp_path.glob("*.json"))) == 2
    assert [dock.find(shots[0].identity) for dock in docks] == [None, None]
    for dock in docks:
        dock.release()
    offered = [
        dock.find(shot.identity).path for dock, shot in zip(docks, shots, strict=True)
    ]
    assert offered == paths[::-1]


def test_sessions_on_which_docks_work_are_neither_offered_nor_deleted(tmp_path):
    shot = snapshot_of(state_of())
    docks = [Autosaves(tmp_path) for _ in range(6)]
    paths = [dock.write(shot, shot.identity) for dock in docks]
    newcomer = Autosaves(tmp_path)
    assert newcomer.find(shot.identity) is None
    newcomer.remove(paths[0])
    assert set(tmp_path.glob("*.json")) == set(paths)
    for dock in docks[:4]:
        dock.release()
    own = newcomer.write(shot, shot.identity)
    assert set(tmp_path.glob("*.json")) == {own, *paths[2:]}
    found = newcomer.find(shot.identity)
    assert found is not None
    assert found.path == paths[3]
    newcomer.remove(found.path)
    for dock in (*docks, newcomer):
        dock.release()
    assert set(tmp_path.iterdir()) == {own, paths[2], *paths[4:]}
