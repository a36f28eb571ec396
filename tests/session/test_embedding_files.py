"""What is kept on disk is read again for the very same slice and weights only."""

import os

import numpy as np
import pytest

from fakes.network_like import NetworkLike
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.session.background import embedding_files
from napari_sam_med.session.background.embedding_files import EmbeddingFiles
from napari_sam_med.session.background.embeddings import EmbeddingCache
from napari_sam_med.session.prompt_image import PromptImage

SHAPE = (6, 16, 20)


@pytest.fixture
def files(tmp_path):
    made = EmbeddingFiles(tmp_path / "embeddings")
    made.is_on = True
    return made


def image_of(low: float = 0.0, add: int = 0, spacing=(1.0, 1.0, 1.0)) -> PromptImage:
    voxels = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE) + add
    return PromptImage(Volume(voxels, Geometry(spacing)), Window(low, 1920.0), "a")


def view_of(image: PromptImage, index: int = 2):
    return image.view(image.plane(0, index))


def written(files, model=None, image=None, index=2):
    model, view = model or NetworkLike(), view_of(image or image_of(), index)
    embedding = EmbeddedSlice.of(model, view).embedding
    files.write(view, model, embedding)
    return embedding


def stored(files):
    return sorted(files.folder.glob("*/*.safetensors"))


def test_an_embedding_comes_back_in_half_precision_with_its_image(files):
    first = written(files)
    again = files.read(view_of(image_of()), NetworkLike())
    assert again.input_hw == first.input_hw
    np.testing.assert_array_equal(again.image, first.image)
    assert again.features[0].dtype == np.float32
    half = first.features[0].astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(again.features[0], half)


@pytest.mark.parametrize(
    ("image", "model"),
    [
        (image_of(low=5.0), NetworkLike()),
        (image_of(add=1), NetworkLike()),
        (image_of(spacing=(1.0, 2.0, 1.0)), NetworkLike()),
        (image_of(), NetworkLike(sha256="bb" * 32)),
    ],
    ids=["window", "voxels", "spacing", "weights"],
)
def test_another_window_image_or_model_has_no_embedding_here(files, image, model):
    written(files)
    assert files.read(view_of(image), model) is None


def test_what_an_older_version_made_is_not_read_and_made_anew(files, monkeypatch):
    written(files)
    monkeypatch.setattr(embedding_files, "PREPROCESSING", 99)
    assert files.read(view_of(image_of()), NetworkLike()) is None
    written(files)
    assert files.read(view_of(image_of()), NetworkLike()) is not None


def test_a_file_under_another_files_name_is_not_read(files):
    written(files, index=2)
    written(files, index=3)
    first, second = stored(files)
    first.replace(second)
    found = [files.read(view_of(image_of(), k), NetworkLike()) for k in (2, 3)]
    assert found == [None, None]


@pytest.mark.parametrize("part", [0, 20, 200])
def test_a_file_that_was_cut_off_is_deleted(files, part):
    written(files)
    (path,) = stored(files)
    path.write_bytes(path.read_bytes()[:part])
    assert files.read(view_of(image_of()), NetworkLike()) is None
    assert stored(files) == []


def test_the_longest_unused_go_where_the_bound_is_reached(tmp_path):
    files = EmbeddingFiles(tmp_path, most_bytes=2500)  # three of about 1,000
    files.is_on = True
    for index in range(2):
        written(files, index=index)
        for path in stored(files):
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 100))
    files.read(view_of(image_of(), 0), NetworkLike())  # just used
    written(files, index=2)
    kept = [
        files.read(view_of(image_of(), k), NetworkLike()) is not None for k in range(3)
    ]
    assert kept == [True, False, True]
    assert files.n_bytes() <= 2500


def test_features_too_large_for_half_precision_are_not_kept(files):
    written(files, model=NetworkLike(scale=1e4))
    assert stored(files) == []


def test_a_model_whose_weights_have_no_hash_keeps_nothing(files):
    written(files, model=NetworkLike(sha256=""))
    assert stored(files) == []


def test_nothing_is_written_or_read_while_it_is_switched_off(files):
    written(files)
    files.is_on = False
    written(files, index=3)
    assert len(stored(files)) == 1
    assert files.read(view_of(image_of()), NetworkLike()) is None


def test_clearing_deletes_all_and_says_so(files):
    written(files)
    assert files.n_bytes() > 0
    files.clear()
    assert (files.n_bytes(), stored(files)) == (0, [])


def test_a_folder_that_takes_nothing_is_told_and_not_tried_again(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    files = EmbeddingFiles(blocked)
    files.is_on = True
    written(files)
    assert "No embedding is kept on disk" in files.problem
    assert not files.is_on


def test_a_cache_reads_from_disk_what_memory_has_not(files):
    model, view = NetworkLike(), view_of(image_of())
    EmbeddingCache(files=files).keep(
        view, model, EmbeddedSlice.of(model, view).embedding
    )
    fresh = EmbeddingCache(files=files)
    assert fresh.find(view, model) is not None
    assert len(fresh) == 1
    assert EmbeddingCache().find(view, model) is None
