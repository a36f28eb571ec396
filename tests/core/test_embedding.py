"""Crops that are kept with the embedding of their image."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from napari_sam_med.core.embedding import CropEmbeddings, Embedding, check_image
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import ImageError


def embedding_of(n_bytes):
    image = np.zeros((1, n_bytes), np.uint8)
    return Embedding("fake", image, (), (1, n_bytes))


def test_an_image_that_changes_afterwards_changes_no_embedding():
    image = np.zeros((1, 4), np.uint8)
    embedding = Embedding("fake", image, (), (1, 4))
    image[:] = 9
    assert not embedding.image.any()


def test_a_crop_is_made_once():
    crops, made = CropEmbeddings(), []
    for _ in range(2):
        crops.get("crop", lambda: made.append(1) or embedding_of(4))
    assert len(made) == 1


def test_the_longest_unused_crop_goes_first():
    crops, made = CropEmbeddings(most=2), []
    for name in ("a", "b", "a", "c", "a", "b"):
        crops.get(name, lambda name=name: made.append(name) or embedding_of(4))
    assert made == ["a", "b", "c", "b"]
    assert (len(crops), crops.n_bytes) == (2, 8)


def test_bytes_of_crops_count_in_the_embedding():
    whole = embedding_of(10)
    whole.crops.get("crop", lambda: embedding_of(4))
    assert whole.n_bytes == 14


def test_a_shipped_embedding_leaves_its_crops_behind():
    whole = embedding_of(10)
    whole.crops.get("crop", lambda: embedding_of(4))
    copy = pickle.loads(pickle.dumps(whole))
    assert np.array_equal(copy.image, whole.image)
    assert copy.n_bytes == 10
    copy.crops.get("crop", lambda: embedding_of(4))
    assert copy.n_bytes == 14


@pytest.mark.parametrize("image", [[[1, 2]], "image", None, Volume(np.ones((1, 2, 2)))])
def test_what_is_no_array_is_no_image(image):
    with pytest.raises(ImageError, match=r"an image that is a .*; give an array"):
        check_image(image)
