"""What is done ahead: volumes are read, and batches of slices encoded, by a thread."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter
from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.data.labelled_volumes import InMemory
from napari_sam_med.bench.protocol.profiles import Profile
from napari_sam_med.bench.protocol.run_settings import (
    ModelSpec,
    RunSettings,
    SettingGroup,
)
from napari_sam_med.bench.protocol.volume_rules.volume_settings import (
    VolumeProfile,
    VolumeSettings,
)
from napari_sam_med.bench.run.engine import run_benchmark
from napari_sam_med.bench.run.look_ahead import called_ahead
from napari_sam_med.bench.run.store.run_store import RunStore
from napari_sam_med.bench.run.volume_engine import run_volumes

WAIT_S = 60
MODES = RunSettings(groups=(SettingGroup.MODES,))
TIMES = {"seconds_embed": 0.0, "seconds_predict": 0.0}


class InBatches(FakeSegmenter):
    """Encodes three slices together, as on a GPU, and tells when."""

    images_at_once = 3

    def __init__(self):
        super().__init__()
        self.batches, self.embedded_by = [], set()

    def embed_many(self, images):
        self.batches.append(len(images))
        self.embedded_by.add(threading.current_thread())
        return [super(InBatches, self).embed(image) for image in images]


class WaitsForTheNext(InBatches):
    """Answers the first prompt only once the second batch is encoded."""

    def __init__(self):
        super().__init__()
        self.second = threading.Event()

    def embed_many(self, images):
        found = super().embed_many(images)
        if len(self.batches) == 2:
            self.second.set()
        return found

    def predict_many(self, embedding, prompts):
        assert self.second.wait(WAIT_S)
        return super().predict_many(embedding, prompts)


class Shelf:
    """A source that tells which volumes it has read."""

    name = ""

    def __init__(self, *pairs):
        self.pairs, self.read = InMemory(pairs), []
        self.second = threading.Event()

    def __len__(self):
        return len(self.pairs)

    def __iter__(self):
        for pair in self.pairs:
            self.read.append(pair.name)
            if len(self.read) == 2:
                self.second.set()
            yield pair

    def fingerprint(self):
        return self.pairs.fingerprint()

    def options(self):
        return self.pairs.options()


def events_of(model, source, settings=None, **options):
    spec = ModelSpec(model.name, lambda: model)
    return run_benchmark(source, [spec], settings or MODES, **options)


def rows_of(model, source, settings=None, **options):
    events = list(events_of(model, source, settings, **options))
    return [replace(row, **TIMES) for one in events for row in one.rows]


@pytest.fixture
def source():
    return InMemory([made_volume("p1_a", slices=4), made_volume("p2_b", slices=3)])


def test_results_come_in_order_and_one_failure_in_its_place():
    def third():
        message = "the third"
        raise OSError(message)

    coming = called_ahead(iter([lambda: 1, lambda: 2, third]), 2)
    assert [next(coming), next(coming)] == [1, 2]
    with pytest.raises(OSError, match="the third"):
        next(coming)


def test_once_closed_nothing_more_is_called():
    called = []
    coming = called_ahead((lambda n=n: called.append(n) for n in range(100)), 1)
    next(coming)
    coming.close()
    assert len(called) <= 2


def test_the_next_volume_is_read_while_this_one_is_prompted():
    shelf = Shelf(made_volume("p1", slices=1), made_volume("p2", slices=1))
    model = FakeSegmenter()
    answer = model.predict_many

    def answer_later(embedding, prompts):
        assert shelf.second.wait(WAIT_S)
        return answer(embedding, prompts)

    model.predict_many = answer_later
    assert not [row.error for row in rows_of(model, shelf) if row.error]


def test_no_more_than_one_volume_is_read_ahead():
    shelf = Shelf(*(made_volume(f"p{n}", slices=1) for n in range(5)))
    events = events_of(FakeSegmenter(), shelf)
    next(events)
    assert shelf.second.wait(WAIT_S)
    time.sleep(0.1)  # time enough to read all
    events.close()
    assert shelf.read == ["p0", "p1"]


def test_the_next_volume_is_read_while_an_object_is_found_in_this_one():
    shelf = Shelf(made_volume("p1", slices=3), made_volume("p2", slices=3))
    settings = VolumeSettings(VolumeProfile.CVPR25_3D)
    events = run_volumes(shelf, [], settings)
    next(events)
    assert shelf.second.wait(WAIT_S)
    events.close()


def test_a_batch_is_encoded_while_the_one_before_is_prompted(source):
    model = WaitsForTheNext()
    assert not [row.error for row in rows_of(model, source) if row.error]
    assert model.batches == [3, 3, 1]
    assert threading.current_thread() not in model.embedded_by


def test_rows_of_slices_encoded_together_are_those_of_slices_one_by_one(source):
    assert rows_of(InBatches(), source) == rows_of(FakeSegmenter(), source)


def test_profiles_that_ask_for_bits_encode_one_by_one(source):
    model = InBatches()
    rows_of(model, source, replace(MODES, profile=Profile.AS_RELEASED))
    assert (model.batches, model.n_embed) == ([], 7)


def test_a_slice_that_cannot_be_encoded_leaves_those_of_its_batch():
    made = made_volume("p1", slices=3)
    voxels = made.volume.array.astype(np.float32)
    labelled = replace(made, volume=replace(made.volume, array=voxels))
    voxels[1, 0, 0] = np.nan
    rows = rows_of(InBatches(), InMemory([labelled]))
    assert {row.slice for row in rows if row.error} == {1}
    assert {row.slice for row in rows if not row.error} == {0, 2}


def test_what_is_stored_is_not_encoded_again(source, tmp_path):
    events = events_of(InBatches(), source, store=RunStore(tmp_path / "run"))
    for _ in range(4):  # two slices of two cases
        next(events)
    events.close()
    model = InBatches()
    again = rows_of(model, source, store=RunStore(tmp_path / "run"))
    assert model.n_embed == 5
    assert len({row.case_id for row in again}) == 10
