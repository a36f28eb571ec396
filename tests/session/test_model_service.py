"""Who has which model in memory, without any thread."""

import numpy as np

from fakes.fake_segmenter import FakeSegmenter
from napari_sam_med.session.background.model_service import (
    ModelKey,
    ModelService,
    ModelSource,
)

A, B, C = (ModelSource(name, FakeSegmenter) for name in "abc")


def service_of(*users: str) -> ModelService:
    service = ModelService()
    for user in users:
        service.add_user(user)
    return service


def names(service: ModelService) -> list[str]:
    return sorted(key.name for key in service.loaded)


def test_a_model_that_is_there_is_not_loaded_again():
    service = service_of("first", "second")
    assert service.take("first", A) is service.take("second", A)
    assert service.n_loads == 1


def test_the_old_model_goes_before_the_new_one_is_loaded():
    service = service_of("dock")
    service.take("dock", A)
    seen = []

    def load():
        seen.append(names(service))
        return FakeSegmenter()

    service.take("dock", ModelSource("b", load))
    assert seen == [[]]
    assert names(service) == ["b"]


def test_a_model_that_another_user_has_stays():
    service = service_of("first", "second")
    service.take("first", A)
    service.take("second", A)
    service.take("first", B)
    assert names(service) == ["a", "b"]
    service.remove_user("second")
    assert names(service) == ["b"]


def test_a_user_may_keep_the_models_that_it_took_last():
    service = service_of("runs")
    for source in (A, B, A, C):
        service.take("runs", source, keep=2)
    assert names(service) == ["a", "c"]


def test_a_model_whose_user_left_while_it_was_loaded_is_let_go():
    service = service_of("dock")

    def load():
        service.remove_user("dock")
        return FakeSegmenter()

    service.take("dock", ModelSource("a", load))
    assert names(service) == []


def test_weights_of_another_content_are_another_model(tmp_path):
    service = service_of("dock")
    file = tmp_path / "weights.pth"
    loaded = []
    for content in (b"one", b"one", b"two"):
        file.write_bytes(content)
        loaded.append(service.take("dock", ModelSource("a", FakeSegmenter, file)))
    assert loaded[0] is loaded[1]
    assert loaded[1] is not loaded[2]


def test_the_same_weights_in_another_file_are_the_same_model(tmp_path):
    service = service_of("dock")
    files = [tmp_path / "one.pth", tmp_path / "copy.pth"]
    for file in files:
        file.write_bytes(b"weights")
        service.take("dock", ModelSource("a", FakeSegmenter, file))
    assert service.n_loads == 1


def test_other_options_are_another_model():
    service = service_of("dock")
    service.take("dock", A, keep=2)
    service.take("dock", ModelSource("a", FakeSegmenter, options="zoom off"), keep=2)
    assert service.loaded == (ModelKey("a"), ModelKey("a", "", "zoom off"))


def test_embeddings_go_with_the_last_user():
    service = service_of("first", "second")
    embedding = FakeSegmenter().embed(np.zeros((4, 4), np.uint8))
    service.cache.put("slice", embedding)
    service.remove_user("first")
    assert len(service.cache) == 1
    service.remove_user("second")
    assert len(service.cache) == 0
