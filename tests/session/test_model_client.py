"""The real thread with a small real segmenter; waits are for events, never for time."""

import math
import queue
import threading

import numpy as np
import pytest

from fakes.fake_segmenter import FakeSegmenter, fake_mask
from fakes.fake_video import FakeVideoSegmenter
from fakes.network_like import NetworkLike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.prompts import Prompts
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.errors import CheckpointError
from napari_sam_med.propagation import PropagationSettings
from napari_sam_med.session.background import model_client
from napari_sam_med.session.background.embedding_files import EmbeddingFiles
from napari_sam_med.session.background.embeddings import EmbeddingKey
from napari_sam_med.session.background.messages import (
    Failed,
    Load,
    Loaded,
    Precompute,
    PrecomputeStep,
    Predict,
    Predicted,
    Prefetch,
    Propagate,
    Started,
    StopPrecompute,
    StopPropagate,
)
from napari_sam_med.session.background.model_client import (
    BACKGROUND,
    IDLE,
    ModelClient,
)
from napari_sam_med.session.background.model_service import (
    THREAD_NAME,
    ModelService,
    ModelSource,
)
from napari_sam_med.session.background.serial_worker import WorkerClient
from napari_sam_med.session.prompt_image import PromptImage

WAIT_S = 60.0
POINT = Prompts([(10, 12)], [1])


class Desk:
    """A user of the model service whose answers are put on a queue."""

    def __init__(self, max_bytes: int | None = None) -> None:
        self.answers: queue.Queue = queue.Queue()
        self.service = ModelService(max_bytes)
        self.thread = ModelClient(self.service, self.answers.put)
        self.thread.open()

    def close(self) -> None:
        self.thread.close()
        assert self.service.worker.wait_for_end(WAIT_S)

    def next(self, kind: type):
        while True:
            answer = self.answers.get(timeout=WAIT_S)
            if isinstance(answer, kind):
                return answer

    def load(self, model: FakeSegmenter) -> None:
        self.thread.post(Load(1, ModelSource(model.name, lambda: model)))
        self.next(Loaded)


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.close()


class GatedSegmenter(FakeSegmenter):
    """Embeds only after it was let through."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.gate = threading.Event()

    def embed(self, image):
        self.entered.set()
        assert self.gate.wait(WAIT_S)
        return super().embed(image)


class LearningTracker(FakeVideoSegmenter):
    """Looks at all prompted slices before its first answer, as video models do."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.gate = threading.Event(), threading.Event()

    def _tracked(self, slices, order, prompted, stop):
        for index in prompted:
            if stop():
                return
            self.asked.append(index)
            self.entered.set()
            assert self.gate.wait(WAIT_S)
        yield from super()._tracked(slices, order, prompted, stop)


def target_of(shape=(6, 32, 40), spacing=(1.0, 1.0, 1.0), place="a") -> PromptImage:
    voxels = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    volume = Volume(voxels, Geometry(spacing))
    return PromptImage(volume, Window(0, 255), place)


def test_loading_tells_name_and_capabilities(desk):
    desk.thread.post(Load(7, ModelSource("fake", FakeSegmenter)))
    loaded = desk.next(Loaded)
    assert (loaded.generation, loaded.name) == (7, "fake")
    assert loaded.capabilities.n_candidates == 3


def test_candidates_come_with_the_generation_of_their_request(desk):
    desk.load(FakeSegmenter())
    target = target_of()
    desk.thread.post(Predict(42, target, target.plane(0, 3), POINT))
    predicted = desk.next(Predicted)
    assert predicted.generation == 42
    assert predicted.plane.index == 3
    np.testing.assert_array_equal(
        predicted.candidates.masks[0], fake_mask((32, 40), POINT, 8.0)
    )


def test_the_model_runs_on_one_thread_only(desk):
    model = FakeSegmenter()
    desk.load(model)
    target = target_of()
    for index in range(3):
        desk.thread.post(Predict(index, target, target.plane(0, index), POINT))
        desk.next(Predicted)
    assert model.threads == {THREAD_NAME}


def test_a_slice_is_embedded_once(desk):
    model = FakeSegmenter()
    desk.load(model)
    target = target_of()
    for generation in range(3):
        desk.thread.post(Predict(generation, target, target.plane(0, 4), POINT))
        desk.next(Predicted)
    assert (model.n_embed, model.n_predict) == (1, 3)


def test_the_latest_waiting_prediction_wins(desk):
    model = GatedSegmenter()
    desk.load(model)
    target = target_of()
    desk.thread.post(Predict(1, target, target.plane(0, 0), POINT))
    assert model.entered.wait(WAIT_S)
    for generation in (2, 3, 4):
        desk.thread.post(Predict(generation, target, target.plane(0, 0), POINT))
    model.gate.set()
    assert desk.next(Predicted).generation == 4
    assert (model.n_embed, model.n_predict) == (1, 1)


def test_stretched_slices_reach_the_model_square_and_masks_come_back(desk):
    model = FakeSegmenter()
    desk.load(model)
    target = target_of(shape=(8, 32, 40), spacing=(1.0, 1.0, 5.0))
    desk.thread.post(Predict(1, target, target.plane(1, 4), Prompts([(4, 20)], [1])))
    predicted = desk.next(Predicted)
    assert predicted.candidates.masks.shape == (3, 8, 40)
    assert model.seen_prompts[0].points_rc.tolist() == [[22.0, 20.0]]
    rows, cols = np.nonzero(predicted.candidates.masks[0])
    # 8 mm up and down of row 4 reach the centres of rows 3 and 5, which are 5 mm away
    assert set(rows) == {3, 4, 5}
    assert (cols.min(), cols.max()) == (12, 28)


def test_prompts_outside_the_slice_are_a_value_not_a_crash(desk):
    desk.load(FakeSegmenter())
    target = target_of()
    desk.thread.post(Predict(5, target, target.plane(0, 0), Prompts([(500, 1)], [1])))
    failed = desk.next(Failed)
    assert (failed.generation, failed.what) == (5, "predict")
    assert "outside the 32 x 40 slice" in failed.message
    desk.thread.post(Predict(6, target, target.plane(0, 0), POINT))
    assert desk.next(Predicted).generation == 6


def test_an_unforeseen_error_leaves_the_thread_working(desk):
    class Broken(FakeSegmenter):
        def embed(self, image):
            if self.n_embed == 0:
                self.n_embed = 1
                msg = "out of memory"
                raise RuntimeError(msg)
            return super().embed(image)

    desk.load(Broken())
    target = target_of()
    desk.thread.post(Predict(1, target, target.plane(0, 0), POINT))
    failed = desk.next(Failed)
    assert failed.message == "RuntimeError: out of memory"
    assert not failed.expected
    desk.thread.post(Predict(2, target, target.plane(0, 0), POINT))
    desk.next(Predicted)


def test_a_model_that_cannot_be_loaded_says_why(desk):
    def load():
        msg = "no file here; give the path of a checkpoint"
        raise CheckpointError(msg)

    desk.thread.post(Load(3, ModelSource("sam_vit_b", load)))
    failed = desk.next(Failed)
    assert (failed.what, failed.generation) == ("load", 3)
    assert failed.message.startswith("no file here")


def test_predicting_without_a_model_says_what_to_do(desk):
    target = target_of()
    desk.thread.post(Predict(1, target, target.plane(0, 0), POINT))
    assert "choose one from the list" in desk.next(Failed).message


def test_precomputing_embeds_every_slice_the_shown_one_first(desk):
    seen = []

    class Noting(FakeSegmenter):
        def embed(self, image):
            seen.append(int(image[0, 0]))
            return super().embed(image)

    desk.load(Noting())
    array = np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None], (5, 8, 8))
    target = PromptImage(Volume(array), Window(0, 255), "a")
    desk.thread.post(Precompute(9, target, target.plane(0, 3)))
    steps = [desk.next(PrecomputeStep) for _ in range(5)]
    assert seen == [3, 4, 2, 1, 0]
    assert [step.done for step in steps] == [1, 2, 3, 4, 5]
    assert steps[-1].seconds_left == 0.0


def test_a_model_that_encodes_several_slices_together_is_given_as_many(desk):
    batches = []

    class InPairs(FakeSegmenter):
        images_at_once = 2

        def embed_many(self, images):
            batches.append([int(image[0, 0]) for image in images])
            return super().embed_many(images)

    desk.load(InPairs())
    array = np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None], (5, 8, 8))
    target = PromptImage(Volume(array), Window(0, 255), "a")
    desk.thread.post(Precompute(9, target, target.plane(0, 3)))
    steps = [desk.next(PrecomputeStep) for _ in range(5)]
    assert batches == [[3, 4], [2, 1], [0]]
    assert [step.done for step in steps] == [1, 2, 3, 4, 5]
    desk.thread.post(Precompute(10, target, target.plane(0, 3)))
    assert [desk.next(PrecomputeStep).done for _ in range(5)] == [1, 2, 3, 4, 5]
    assert [each for each in batches if each] == [[3, 4], [2, 1], [0]]


def test_a_prediction_gets_in_between_two_slices_of_precomputing(desk):
    model = GatedSegmenter()
    desk.load(model)
    target = target_of(shape=(50, 8, 8))
    desk.thread.post(Precompute(1, target, target.plane(0, 0)))
    assert model.entered.wait(WAIT_S)
    desk.thread.post(Predict(2, target, target.plane(0, 0), Prompts([(4, 4)], [1])))
    model.gate.set()
    answers = []
    while not any(isinstance(a, Predicted) for a in answers):
        answers.append(desk.answers.get(timeout=WAIT_S))
    assert sum(isinstance(a, PrecomputeStep) for a in answers) == 1


def test_precomputing_stops_within_one_slice(desk):
    model = GatedSegmenter()
    desk.load(model)
    target = target_of(shape=(50, 8, 8))
    desk.thread.post(Precompute(1, target, target.plane(0, 0)))
    assert model.entered.wait(WAIT_S)
    desk.thread.post(StopPrecompute())
    model.gate.set()
    desk.thread.post(Load(2, ModelSource("other", FakeSegmenter)))
    desk.next(Loaded)
    assert model.n_embed == 1


def test_precomputing_ends_when_the_memory_is_full():
    desk = Desk(3 * 64)
    desk.load(FakeSegmenter())
    target = target_of(shape=(50, 8, 8))
    desk.thread.post(Precompute(1, target, target.plane(0, 0)))
    steps = [desk.next(PrecomputeStep) for _ in range(3)]
    assert [bool(step.stopped) for step in steps] == [False, False, True]
    desk.close()


def test_nothing_is_delivered_after_close():
    desk = Desk()
    model = GatedSegmenter()
    desk.load(model)
    target = target_of()
    desk.thread.post(Predict(1, target, target.plane(0, 0), POINT))
    desk.next(Started)
    assert model.entered.wait(WAIT_S)
    desk.thread.close()
    model.gate.set()
    desk.close()
    assert desk.answers.empty()


def test_voxels_changed_in_place_are_embedded_anew(desk):
    model = FakeSegmenter()
    desk.load(model)
    target = target_of()
    desk.thread.post(Predict(1, target, target.plane(0, 4), POINT))
    desk.next(Predicted)
    target.volume.array[4, 2, 2] += 1
    desk.thread.post(Predict(2, target, target.plane(0, 4), POINT))
    desk.next(Predicted)
    assert model.n_embed == 2


def test_a_model_that_two_users_take_is_loaded_once():
    desk = Desk()
    other = ModelClient(desk.service, desk.answers.put)
    other.open()
    source = ModelSource("fake", FakeSegmenter)
    for client in (desk.thread, other):
        client.post(Load(1, source))
        desk.next(Loaded)
    assert desk.service.n_loads == 1
    other.close()
    desk.close()


def test_an_embedding_that_another_user_asked_for_is_used():
    desk, model, target = Desk(), FakeSegmenter(), target_of()
    other = ModelClient(desk.service, desk.answers.put)
    other.open()
    for client in (desk.thread, other):
        client.post(Load(1, ModelSource("fake", lambda: model)))
        desk.next(Loaded)
        client.post(Predict(2, target, target.plane(0, 0), POINT))
        desk.next(Predicted)
    assert (model.n_embed, model.n_predict) == (1, 2)
    other.close()
    desk.close()


def test_a_prediction_does_not_replace_another_users(desk):
    model = GatedSegmenter()
    desk.load(model)
    other = ModelClient(desk.service, desk.answers.put)
    other.open()
    target = target_of()
    desk.thread.post(Predict(1, target, target.plane(0, 0), POINT))
    assert model.entered.wait(WAIT_S)
    desk.thread.post(Predict(2, target, target.plane(0, 0), POINT))
    other.post(Load(3, ModelSource("fake", FakeSegmenter)))
    other.post(Predict(4, target, target.plane(0, 0), POINT))
    model.gate.set()
    assert {desk.next(Predicted).generation for _ in range(2)} == {2, 4}
    other.close()


def test_a_client_that_is_opened_again_goes_on(desk):
    desk.load(FakeSegmenter())
    desk.thread.close()
    desk.thread.open()
    desk.load(FakeSegmenter())
    target = target_of()
    desk.thread.post(Predict(1, target, target.plane(0, 0), POINT))
    assert desk.next(Predicted).generation == 1


def test_a_video_model_that_learns_many_slices_is_stopped_after_the_one_in_work(desk):
    model = LearningTracker()
    desk.load(model)
    given = {index: np.ones((32, 40), dtype=bool) for index in range(6)}
    settings = PropagationSettings(method="video")
    desk.thread.post(Propagate(1, target_of(), given, settings))
    assert model.entered.wait(WAIT_S)
    desk.thread.post(StopPropagate())
    model.gate.set()
    desk.load(FakeSegmenter())  # answered once the thread is free
    assert model.asked == [0]


def embedded(desk, target, model) -> set[int]:
    """Which slices are known."""
    cache, count = desk.service.cache, target.volume.shape_zyx[0]
    views = [target.view(target.plane(0, k)) for k in range(count)]
    return {k for k in range(count) if EmbeddingKey.of(views[k], model) in cache}


def wait_until_idle(desk) -> None:
    """Wait for a job behind all others."""
    rests = threading.Event()
    client = WorkerClient(desk.service.worker, lambda _news: None)
    client.open()
    client.submit(rests.set, "rests", rank=IDLE + 1)
    assert rests.wait(WAIT_S)
    client.close()


@pytest.fixture
def always_fast(monkeypatch):
    """Take a model for a fast one however busy the machine is."""
    monkeypatch.setattr(model_client, "SLOWEST_S", math.inf)


@pytest.mark.usefixtures("always_fast")
def test_neighbours_are_embedded_ahead_once_a_slice_was_fast(desk):
    model, target = FakeSegmenter(), target_of((9, 8, 8))
    desk.load(model)
    desk.thread.post(Prefetch(target, target.plane(0, 4), 2))
    wait_until_idle(desk)
    assert model.n_embed == 0
    desk.thread.post(Predict(2, target, target.plane(0, 4), Prompts([(3, 3)], [1])))
    desk.next(Predicted)
    desk.thread.post(Prefetch(target, target.plane(0, 4), 2))
    wait_until_idle(desk)
    assert embedded(desk, target, model) == {2, 3, 4, 5, 6}


def test_a_slow_model_embeds_nothing_that_nobody_asked_for(desk, monkeypatch):
    monkeypatch.setattr(model_client, "SLOWEST_S", 0.0)
    model, target = FakeSegmenter(), target_of((9, 8, 8))
    desk.load(model)
    desk.thread.post(Predict(2, target, target.plane(0, 4), Prompts([(3, 3)], [1])))
    desk.next(Predicted)
    desk.thread.post(Prefetch(target, target.plane(0, 4), 2))
    wait_until_idle(desk)
    assert embedded(desk, target, model) == {4}


@pytest.mark.usefixtures("always_fast")
def test_a_click_ends_prefetching_after_the_slice_in_work(desk):
    model, target = GatedSegmenter(), target_of((9, 8, 8))
    desk.load(model)
    model.gate.set()
    desk.thread.post(Predict(2, target, target.plane(0, 4), Prompts([(3, 3)], [1])))
    desk.next(Predicted)
    model.gate.clear()
    model.entered.clear()
    desk.thread.post(Prefetch(target, target.plane(0, 4), 2))
    assert model.entered.wait(WAIT_S)
    desk.thread.post(Predict(3, target, target.plane(0, 4), Prompts([(4, 3)], [1])))
    model.gate.set()
    assert desk.next(Predicted).generation == 3
    wait_until_idle(desk)
    assert embedded(desk, target, model) == {4, 5}


@pytest.mark.usefixtures("always_fast")
def test_what_others_do_in_the_background_comes_before_prefetching(desk):
    model, target = GatedSegmenter(), target_of((9, 8, 8))
    desk.load(model)
    model.gate.set()
    desk.thread.post(Predict(2, target, target.plane(0, 4), Prompts([(3, 3)], [1])))
    desk.next(Predicted)
    seen: list[set[int]] = []

    def steps():
        for _ in range(3):
            yield
            seen.append(embedded(desk, target, model))

    other = WorkerClient(desk.service.worker, lambda _news: None)
    other.open()
    other.submit(steps, "benchmark", rank=BACKGROUND)
    desk.thread.post(Prefetch(target, target.plane(0, 4), 2))
    wait_until_idle(desk)
    other.close()
    assert seen == [{4}] * 3
    assert embedded(desk, target, model) == {2, 3, 4, 5, 6}


def test_an_embedding_of_an_earlier_day_is_not_computed_again(tmp_path):
    answers: queue.Queue = queue.Queue()
    target = target_of((3, 8, 8))
    counts = []
    for _ in range(2):
        files = EmbeddingFiles(tmp_path)
        files.is_on = True
        service, model = ModelService(files=files), NetworkLike()
        client = ModelClient(service, answers.put)
        client.open()
        client.post(Load(1, ModelSource(model.name, lambda model=model: model)))
        client.post(Predict(2, target, target.plane(0, 1), Prompts([(3, 3)], [1])))
        while not isinstance(answers.get(timeout=WAIT_S), Predicted):
            pass
        client.close()
        assert service.worker.wait_for_end(WAIT_S)
        counts.append(model.n_embed)
    assert counts == [1, 0]
