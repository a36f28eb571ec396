"""Wrong types and values at the public names: one sentence of ours each."""

import numpy as np
import pytest

from napari_sam_med import Prompts, load_model, propagate, read_volume
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import SamMedError
from napari_sam_med.io.volume_files import (
    count_times,
    list_series,
    read_labels,
    read_stored_names,
    read_time_series,
)
from napari_sam_med.io.writing.export import write_labels, write_volume
from napari_sam_med.io.writing.tables import write_statistics

ARRAY = np.zeros((5, 40, 40), np.uint8)
ARRAY[:, 10:30, 10:30] = 200
VOLUME, BOX = Volume(ARRAY), Prompts(box_rc=(10, 10, 29, 29))
ELLIPSE = load_model("ellipse")
EMBEDDING = ELLIPSE.embed(ARRAY[0])


@pytest.fixture
def file(tmp_path):
    write_volume(tmp_path / "a.nrrd", VOLUME)
    return tmp_path / "a.nrrd"


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((["nano"],), {}, "a list is no name of a model"),
        (("nano", 5), {}, "the checkpoint is a int"),
        (("nano", b"x"), {}, "the checkpoint is a bytes"),
        (("ellipse", "a.pth"), {}, "ellipse has no weights"),
        (("ellipse",), {"precision": "fp8"}, "precision 'fp8'"),
        (("nano",), {"zoom": []}, "zoom"),
        (("nano",), {"device": 7}, "device '7' is unknown"),
    ],
)
def test_load_model_says_what_it_takes(arguments, options, said):
    with pytest.raises(SamMedError, match=said):
        load_model(*arguments, **options)


STRANGE_PATHS = [None, 5, b"a.nrrd", ["a.nrrd"]]
READERS = [
    *(read_volume, read_labels, read_time_series, read_stored_names),
    *(list_series, count_times),
]


@pytest.mark.parametrize("path", STRANGE_PATHS)
@pytest.mark.parametrize("read", READERS)
def test_readers_take_paths_only(read, path):
    with pytest.raises(SamMedError, match="is no path"):
        read(path)


@pytest.mark.parametrize("path", STRANGE_PATHS)
def test_writers_take_paths_only(path):
    with pytest.raises(SamMedError, match="is no path"):
        write_labels(path, ARRAY, VOLUME.geometry)
    with pytest.raises(SamMedError, match="is no path"):
        write_volume(path, VOLUME)
    with pytest.raises(SamMedError, match="is no path"):
        write_statistics(path, [])


@pytest.mark.parametrize("array", [None, [[1, 0]], "labels"])
def test_labels_are_written_of_an_array_only(tmp_path, array):
    with pytest.raises(SamMedError, match="where labels are asked for; give an array"):
        write_labels(tmp_path / "a.nrrd", array, VOLUME.geometry)


@pytest.mark.parametrize("geometry", [None, (1, 1, 1)])
def test_labels_are_written_with_a_geometry_only(tmp_path, geometry):
    with pytest.raises(SamMedError, match="where the place of voxels is asked for"):
        write_labels(tmp_path / "a.nrrd", ARRAY, geometry)


@pytest.mark.parametrize("volume", [None, ARRAY])
def test_a_volume_is_written_of_a_volume_only(tmp_path, volume):
    with pytest.raises(SamMedError, match="where a volume is asked for"):
        write_volume(tmp_path / "a.nrrd", volume)


@pytest.mark.parametrize(
    "options", [{"time": "0"}, {"time": 0.0}, {"time": [0]}, {"series": 5}]
)
def test_read_volume_says_what_it_takes(file, options):
    with pytest.raises(SamMedError, match=r"no whole number|no text"):
        read_volume(file, **options)
    assert read_volume(file, time=np.int64(0)).array.shape == ARRAY.shape


@pytest.mark.parametrize("array", [[[[1]]], None, "voxels"])
def test_a_volume_is_made_of_an_array_only(array):
    with pytest.raises(SamMedError, match="where voxels are asked for; give an array"):
        Volume(array)


def test_prompts_of_texts_in_an_array_of_objects_are_refused():
    with pytest.raises(SamMedError, match="other things than numbers"):
        Prompts(np.array([["1", "2"]], object), [1])


MODELS = ("ellipse", "nano")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("embedding", [None, ARRAY[0], BOX])
def test_a_model_takes_embeddings_only(name, embedding):
    model = load_model(name, device="cpu")
    with pytest.raises(SamMedError, match="where an embedding is asked for"):
        model.predict(embedding, BOX)
    with pytest.raises(SamMedError, match="where an embedding is asked for"):
        model.predict_many(embedding, [BOX])


@pytest.mark.parametrize("zoom", ["off", "on"])
def test_a_model_takes_prompts_only(zoom):
    for model in (ELLIPSE, load_model("nano", device="cpu", zoom=zoom)):
        embedding = model.embed(ARRAY[0])
        for strange in (None, (1, 2), [BOX]):
            with pytest.raises(SamMedError, match="where a prompt is asked for"):
                model.predict(embedding, strange)
            with pytest.raises(SamMedError, match="where a prompt is asked for"):
                model.predict_many(embedding, [BOX, strange])
        for strange in (BOX, None):
            with pytest.raises(SamMedError, match="where several prompts are asked"):
                model.predict_many(embedding, strange)


@pytest.mark.parametrize("zoom", ["off", "on"])
def test_many_images_are_several_images(zoom):
    for model in (ELLIPSE, load_model("nano", device="cpu", zoom=zoom)):
        assert len(model.embed_many(list(ARRAY[:2]))) == 2
        for strange in (None, 3):
            with pytest.raises(SamMedError, match="where several images are asked"):
                model.embed_many(strange)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "nano"}, "a str where a model is asked for"),
        ({"model": None, "method": "interpolation"}, "where a model is asked for"),
        ({"volume": ARRAY}, "a ndarray where a volume is asked for"),
        ({"volume": None}, "where a volume is asked for"),
        ({"given": None}, "is a NoneType; give a dict"),
        ({"given": [BOX]}, "is a list; give a dict"),
        ({"given": BOX}, "is a Prompts; give a dict"),
        ({"given": {"2": BOX}}, "with the key '2'"),
        ({"given": {2.0: BOX}}, "with the key 2.0"),
        ({"given": {2: None}}, "mask of slice 2"),
        ({"given": {2: [[1], [1, 2]]}}, "mask of slice 2"),
        ({"axis": 0.0}, "axis 0.0; give 0, 1 or 2"),
        ({"axis": np.array([0, 1])}, "give 0, 1 or 2"),
        ({"method": None}, "method 'None'"),
        ({"index_range": 3}, "range 3; give the first and the last"),
        ({"index_range": ()}, "give the first and the last"),
        ({"index_range": (1, 2, 3)}, "give the first and the last"),
        ({"index_range": "13"}, "give the first and the last"),
        ({"index_range": (1.5, 3)}, "give the first and the last"),
        ({"index_range": (None, 3)}, "give the first and the last"),
    ],
)
def test_propagate_says_what_it_takes(change, said):
    asked = {"model": ELLIPSE, "volume": VOLUME, "given": {2: BOX}} | change
    with pytest.raises(SamMedError, match=said):
        propagate(**asked)


def test_propagate_takes_numbers_of_numpy():
    ends = np.array([1, 3])
    found = propagate(ELLIPSE, VOLUME, {np.int64(2): BOX}, index_range=ends)
    assert sorted(found.masks) == [1, 2, 3]


def masked(values, where=0):
    """A masked array of NumPy with one value masked."""
    found = np.ma.array(values)
    found[(where,) * found.ndim] = np.ma.masked
    return found


LOST = "of a masked array, whose mask would be lost"


@pytest.mark.parametrize("name", MODELS)
def test_a_model_refuses_an_image_with_masked_pixels(name):
    model = load_model(name, device="cpu")
    with pytest.raises(SamMedError, match=f"an image {LOST}"):
        model.embed(masked(ARRAY[0]))
    with pytest.raises(SamMedError, match=f"an image {LOST}"):
        model.embed_many([ARRAY[0], masked(ARRAY[0])])
    assert model.embed(np.ma.array(ARRAY[0])).shape_hw == (40, 40)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"points_rc": masked([[5, 6], [7, 8]]), "labels": [1, 1]}, "points"),
        ({"points_rc": [masked([5, 6])], "labels": [1]}, "points"),
        ({"points_rc": [[5, 6]], "labels": masked([1])}, "labels"),
        ({"box_rc": masked([1, 2, 3, 4])}, "box"),
        ({"box_rc": [1, 2, 3, 4], "mask_logits": masked(np.ones((4, 4)))},
         "mask logits"),
    ],
)  # fmt: skip
def test_prompts_refuse_masked_arrays(arguments, said):
    with pytest.raises(SamMedError, match=f"{said} {LOST}"):
        Prompts(**arguments)


def test_volumes_masks_and_labels_refuse_masked_arrays(tmp_path):
    with pytest.raises(SamMedError, match=f"voxels {LOST}"):
        Volume(masked(ARRAY))
    with pytest.raises(SamMedError, match=f"the mask of slice 2 {LOST}"):
        propagate(ELLIPSE, VOLUME, {2: masked(ARRAY[2] > 0, 15)})
    with pytest.raises(SamMedError, match=f"labels {LOST}"):
        write_labels(tmp_path / "a.nrrd", masked(ARRAY), VOLUME.geometry)
    assert not list(tmp_path.iterdir())
