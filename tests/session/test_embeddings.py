import numpy as np
import pytest

from napari_sam_med.core.embedding import Embedding
from napari_sam_med.session.background.embeddings import EmbeddingCache, EmbeddingKey


def embedding_of(n_bytes: int) -> Embedding:
    image = np.zeros((1, n_bytes), dtype=np.uint8)
    return Embedding("fake", image, (), (1, n_bytes))


def key_of(name: str, low: float = 0.0, model: str = "fake") -> EmbeddingKey:
    return EmbeddingKey(f"{name} from {low}", model, "")


def test_crops_that_join_an_embedding_count_in_the_bound():
    cache = EmbeddingCache(max_bytes=20)
    a, b = key_of("a"), key_of("b")
    cache.put(a, embedding_of(8))
    cache.put(b, embedding_of(8))
    cache.get(b).crops.get("a crop", lambda: embedding_of(5))
    assert cache.n_bytes == 21
    assert cache.get(b) is not None
    assert (len(cache), cache.n_bytes) == (1, 13)


def test_size_counts_image_and_features():
    features = (np.zeros((2, 4, 4), dtype=np.float32),)
    embedding = Embedding("fake", np.zeros((8, 8), dtype=np.uint8), features, (8, 8))
    assert embedding.n_bytes == 64 + 128


def test_the_least_recently_used_goes_first():
    cache = EmbeddingCache(max_bytes=20)
    a, b, c = key_of("a"), key_of("b"), key_of("c")
    cache.put(a, embedding_of(8))
    cache.put(b, embedding_of(8))
    cache.get(a)
    cache.put(c, embedding_of(8))
    assert a in cache
    assert b not in cache
    assert cache.n_bytes == 16


def test_one_larger_than_the_bound_is_kept_alone():
    cache = EmbeddingCache(max_bytes=20)
    cache.put(key_of("a"), embedding_of(8))
    cache.put(key_of("b"), embedding_of(50))
    assert len(cache) == 1
    assert key_of("b") in cache


def test_putting_a_key_again_counts_it_once():
    cache = EmbeddingCache(max_bytes=100)
    cache.put(key_of("a"), embedding_of(8))
    cache.put(key_of("a"), embedding_of(12))
    assert (len(cache), cache.n_bytes) == (1, 12)


@pytest.mark.parametrize("other", [key_of("a", low=1.0), key_of("a", model="b")])
def test_another_window_or_model_is_another_embedding(other):
    cache = EmbeddingCache()
    cache.put(key_of("a"), embedding_of(8))
    assert cache.get(other) is None
