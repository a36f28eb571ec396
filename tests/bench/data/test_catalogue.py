"""The study's data sets on tiny made-up trees of the same layout."""

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from PIL import Image

from napari_sam_med.bench.analysis.published_tables import (
    compare_with_published,
    published_clicks,
    published_modes,
)
from napari_sam_med.bench.data.catalogue import catalogue, open_dataset
from napari_sam_med.bench.data.labelled_volumes import BadPair, LabelledVolume
from napari_sam_med.errors import DatasetError

TREES = {
    "scgm": ("site1-sc01-image.nii.gz", "site1-sc01-mask-r1.nii.gz", "site1-sc01"),
    "msd-heart": ("imagesTr/la_003.nii.gz", "labelsTr/la_003.nii.gz", "la_003"),
    "i2cvb": ("A/Case00.nii.gz", "A/Case00_segmentation.nii.gz", "Case00"),
    "brats": (
        "BraTS2021_00000/BraTS2021_00000_flair.nii.gz",
        "BraTS2021_00000/BraTS2021_00000_seg.nii.gz",
        "BraTS2021_00000",
    ),
    "duke-breast": (
        "images/Breast_MRI_002.nii.gz",
        "labels/Breast_MRI_002.nii.gz",
        "Breast_MRI_002",
    ),
    "chest-xray": (
        "MontgomerySet/CXR_png/MCUCXR_0001_0.png",
        "MontgomerySet/ManualMask/leftMask/MCUCXR_0001_0.png",
        "MCUCXR_0001_0",
    ),
    "hip-xray": ("images/7.png", "labels/7.png", "7"),
    "busi": ("benign/benign (1).png", "benign/benign (1)_mask.png", "benign (1)"),
    "ct2us-kidney": ("images/0001.png", "labels/0001.png", "0001"),
    "us-muscle": ("images/a.png", "labels/a.png", "a"),
    "us-nerve": ("train/1_12.tif", "train/1_12_mask.tif", "1"),
    "mmotu": ("images/1.JPG", "annotations/1_binary.PNG", "1"),
    "msd-colon": (
        "imagesTr/colon_001.nii.gz",
        "labelsTr/colon_001.nii.gz",
        "colon_001",
    ),
    "msd-hepaticvessel": (
        "imagesTr/hepaticvessel_001.nii.gz",
        "labelsTr/hepaticvessel_001.nii.gz",
        "hepaticvessel_001",
    ),
    "msd-pancreas": (
        "imagesTr/pancreas_001.nii.gz",
        "labelsTr/pancreas_001.nii.gz",
        "pancreas_001",
    ),
    "msd-spleen": (
        "imagesTr/spleen_2.nii.gz",
        "labelsTr/spleen_2.nii.gz",
        "spleen_2",
    ),
    "lits": ("batch1/volume-0.nii", "batch1/segmentation-0.nii", "0"),
    "ct-org": ("volume-0.nii.gz", "labels-0.nii.gz", "0"),
    "fdg-pet-ct-lesions": ("P1/S1/SUV.nii.gz", "P1/S1/SEG.nii.gz", "P1"),
}
# as other copies of the same downloads are laid out
OTHER_LAYOUTS = [
    (
        "scgm",
        "training-data-gm-sc-challenge/site3-sc07-image.nii.gz",
        "training-data-gm-sc-challenge/site3-sc07-mask-r1.nii.gz",
    ),
    ("i2cvb", "Case05.nii.gz", "Case05_Segmentation.nii.gz"),
    (
        "brats",
        "MICCAI_BraTS/HGG/BraTS19_2013_2_1/BraTS19_2013_2_1_flair.nii.gz",
        "MICCAI_BraTS/HGG/BraTS19_2013_2_1/BraTS19_2013_2_1_seg.nii.gz",
    ),
    (
        "chest-xray",
        "ChinaSet_AllFiles/CXR_png/CHNCXR_0001_0.png",
        "ChinaSet_AllFiles/mask/CHNCXR_0001_0_mask.png",
    ),
    ("busi", "malignant/malignant (3).png", "malignant/malignant (3)_mask_1.png"),
    ("us-muscle", "images/a.jpg", "labels/a.png"),
    ("lits", "volume_pt1/volume-7.nii", "segmentations/segmentation-7.nii"),
    ("ct-org", "volumes/volume-3.nii.gz", "labels/labels-3.nii.gz"),
    (
        "fdg-pet-ct-lesions",
        "FDG-PET-CT-Lesions/PETCT_0011/2003-PET/SUV.nii.gz",
        "FDG-PET-CT-Lesions/PETCT_0011/2003-PET/SEG.nii.gz",
    ),
]
ANYTHING = (1, 2, 3, 4, 5, 6)
VALUES = {
    "scgm": {"MRI-Spine: GM": (1,), "MRI-Spine: SC": (1, 2)},
    "msd-heart": {"MRI-Heart": (1,)},
    "i2cvb": {"MRI-Prostate": (1, 2)},
    "brats": {
        "MRI-Brain: Core": (1,),
        "MRI-Brain: Edema": (2,),
        "MRI-Brain: GD": (4,),
    },
    "duke-breast": {"MRI-Breast: Breast": (1,), "MRI-Breast: FGT": (2,)},
    "chest-xray": {"Xray-Chest": ANYTHING},
    "hip-xray": {"Xray-Hip: Femur": (1,), "Xray-Hip: Ilium": (2,)},
    "busi": {"US-Breast": ANYTHING},
    "ct2us-kidney": {"US-Kidney": ANYTHING},
    "us-muscle": {"US-Muscle": ANYTHING},
    "us-nerve": {"US-Nerve": ANYTHING},
    "mmotu": {"US-OvarianTumor": ANYTHING},
    "msd-colon": {"CT-Colon": (1,)},
    "msd-hepaticvessel": {"CT-HepaticVessel": (1,)},
    "msd-pancreas": {"CT-Pancreas": (1, 2)},
    "msd-spleen": {"CT-Spleen": (1,)},
    "lits": {"CT-Liver": (1, 2)},
    "ct-org": {
        "CT-Organ: Liver": (1,),
        "CT-Organ: Bladder": (2,),
        "CT-Organ: Lung": (3,),
        "CT-Organ: Kidney": (4,),
        "CT-Organ: Bone": (5,),
    },
    "fdg-pet-ct-lesions": {"PET-WholeBody": (1,)},
}


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    if ".nii" in path.name:
        sitk.WriteImage(sitk.GetImageFromArray(np.stack([array] * 2)), str(path))
    else:
        Image.fromarray(array).save(path)


def tree(root, name, *values):
    image, labels, _ = TREES[name]
    write(root / image, np.full((8, 10), 70, dtype=np.uint8))
    array = np.zeros((8, 10), dtype=np.uint8)
    array[2:5, : len(values)] = values
    write(root / labels, array)
    return root


def values_of(entry):
    raw = [v for v in entry.tasks.values() if not isinstance(v, str)]
    return sorted({value for each in raw for value in each}) or [255]


def test_the_28_tasks_of_19_data_sets_are_those_of_the_published_tables():
    tasks = [task for entry in catalogue().values() for task in entry.tasks]
    assert len(catalogue()) == 19
    assert len(tasks) == 28
    assert set(tasks) == set(published_modes()["task"])
    assert set(tasks) == set(published_clicks()["task"])


@pytest.mark.parametrize("name", sorted(TREES))
def test_each_layout_is_found_with_its_tasks_and_patient(tmp_path, name):
    entry = catalogue()[name]
    source = open_dataset(name, tree(tmp_path, name, *values_of(entry)))
    volumes = list(source)
    assert len(volumes) == len(source)
    assert {v.patient for v in volumes} == {TREES[name][2]}
    found = {n for v in volumes for n in v.label_names.values()}
    assert found == set(entry.tasks)
    for volume in volumes:
        assert set(np.unique(volume.labels)) == {0, *volume.label_names}
    assert source.fingerprint()


def test_every_data_set_has_a_tree_here():
    assert set(TREES) == set(VALUES) == set(catalogue())


@pytest.mark.parametrize(("name", "image", "labels"), OTHER_LAYOUTS)
def test_other_copies_of_a_download_are_found_too(tmp_path, name, image, labels):
    write(tmp_path / image, np.full((8, 10), 70, dtype=np.uint8))
    array = np.zeros((8, 10), dtype=np.uint8)
    array[2:5, 3:6] = 1
    write(tmp_path / labels, array)
    volumes = list(open_dataset(name, tmp_path))
    assert {type(volume) for volume in volumes} == {LabelledVolume}
    assert len(open_dataset(name, tmp_path).fingerprint()) == 2


@pytest.mark.parametrize("name", sorted(VALUES))
def test_each_task_is_made_of_its_own_label_values(tmp_path, name):
    volumes = list(open_dataset(name, tree(tmp_path, name, *ANYTHING)))
    found = {
        task: int((volume.labels == label).sum()) // (3 * len(volume.labels))
        for volume in volumes
        for label, task in volume.label_names.items()
    }
    assert found == {task: len(values) for task, values in VALUES[name].items()}


def test_every_task_is_a_different_place_in_the_labels(tmp_path):
    (volume,) = open_dataset("ct-org", tree(tmp_path, "ct-org", *ANYTHING))
    columns = {
        task: np.flatnonzero((volume.labels == label).any(axis=(0, 1))).tolist()
        for label, task in volume.label_names.items()
    }
    assert columns == {
        task: [v - 1 for v in vs] for task, vs in VALUES["ct-org"].items()
    }


def test_every_entry_that_asks_for_a_layout_of_ones_own_says_so():
    for entry in catalogue().values():
        made_up = entry.images.startswith("images/") and entry.name != "mmotu"
        assert bool(made_up) <= bool(entry.unsure), entry.name
        assert entry.page.startswith("http"), entry.name
        assert entry.licence, entry.name


def test_the_left_and_the_right_lung_are_one_object(tmp_path):
    tree(tmp_path, "chest-xray", 255)
    right = np.zeros((8, 10), dtype=np.uint8)
    right[2:5, 8] = 255
    file = "MontgomerySet/ManualMask/rightMask/MCUCXR_0001_0.png"
    write(tmp_path / file, right)
    (volume,) = open_dataset("chest-xray", tmp_path)
    assert volume.labels.sum() == 6


def test_tasks_that_overlap_are_volumes_of_their_own(tmp_path):
    grey, cord = open_dataset("scgm", tree(tmp_path, "scgm", 1, 2))
    assert (grey.labels > 0).sum() < (cord.labels > 0).sum()
    assert grey.name != cord.name


def test_an_image_without_labels_is_a_bad_pair(tmp_path):
    tree(tmp_path, "busi", 255)
    (tmp_path / "benign/benign (1)_mask.png").unlink()
    (bad,) = open_dataset("busi", tmp_path)
    assert isinstance(bad, BadPair)


def test_another_folder_and_another_name_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="busi"):
        open_dataset("busy", tmp_path)
    with pytest.raises(DatasetError, match="unpacked"):
        open_dataset("busi", tmp_path)


def test_the_published_tables_have_the_means_that_the_study_reports():
    modes = published_modes()
    means = modes.groupby(["selection", "mode"])["iou"].mean().round(3)
    assert means["default"].tolist() == [0.461, 0.483, 0.589, 0.654, 0.583]
    assert means["oracle"].tolist() == [0.515, 0.514, 0.677, 0.744, 0.679]


def test_a_run_is_set_beside_the_task_of_the_same_name():
    row = {"model": "m", "profile": "as-released", "step": 1, "selection": "default"}
    summary = pd.DataFrame(
        [
            {**row, "task": "CT-Spleen", "setting": "mode5", "mean": 0.9},
            {**row, "task": "my own", "setting": "mode5", "mean": 0.9},
        ]
    )
    (beside,) = compare_with_published(summary).itertuples()
    assert beside.difference == pytest.approx(0.9 - beside.published)


UNKNOWN = "same name and rules, weights not known to be the same"


def beside_of(model, profile="as-released", setting="mode5", **more):
    row = {"task": "CT-Spleen", "step": 1, "selection": "default", "mean": 0.5}
    mine = {"model": model, "profile": profile, "setting": setting}
    (found,) = compare_with_published(pd.DataFrame([row | mine]), **more).itertuples()
    return found


@pytest.mark.parametrize(
    ("model", "profile", "setting", "method", "match"),
    [
        ("sam_vit_h", "as-released", "mode5", "SAM", UNKNOWN),
        ("sam_vit_h", "strict", "mode5", "SAM", "other rules"),
        ("sam_vit_h@mine", "as-released", "mode5", "SAM", "other model"),
        ("nano", "as-released", "mode5", "SAM", "other model"),
        ("ritm_h32", "as-released", "clicks", "RITM", UNKNOWN),
        ("cfr_icl_vit_h", "as-released", "clicks", "SimpleClick", UNKNOWN),
        ("focalclick_b3_s2", "as-released", "clicks", "FocalClick", UNKNOWN),
    ],
)
def test_each_model_is_set_beside_its_own_method_and_says_if_it_is_the_same(
    model, profile, setting, method, match
):
    beside = beside_of(model, profile, setting)
    assert (beside.method, beside.match) == (method, match)


@pytest.mark.parametrize(
    ("entry", "origin", "match"),
    [
        ({"sha256": "ab"}, "", "same model and rules"),
        ({"sha256": "cd", "source_sha256": "ab"}, "", "same model and rules"),
        ({"sha256": "cd"}, "", "other weights"),
        ({"sha256": "ab", "stand_in": True}, "", "untrained placeholder weights"),
        ({"sha256": "ab", "published_sha256": ""}, "", UNKNOWN),
        ({}, "", UNKNOWN),
        ({"sha256": "ab"}, "run, nano", "other rules"),
    ],
)
@pytest.mark.parametrize("model", ["sam_vit_h", "sam_vit_h (mine)"])
def test_a_model_is_the_studys_only_by_its_weights_too(model, entry, origin, match):
    one = {
        "run": "mine", "settings": {"profile": "as-released"}, "prompts_from": origin,
        "models": {"sam_vit_h": {"published_sha256": "ab", **entry}},
        "told_as": {"sam_vit_h": model},
    }  # fmt: skip
    other = {**one, "run": "other", "models": {"nano": {}}, "told_as": {"nano": "nano"}}
    assert beside_of(model, manifests=[one, other]).match == match


def test_a_floor_is_not_set_beside_the_study():
    row = {"task": "CT-Spleen", "step": 1, "selection": "default", "mean": 0.5}
    row |= {"model": "ellipse", "profile": "as-released", "setting": "mode5"}
    assert compare_with_published(pd.DataFrame([row]), {"ellipse"}).empty
