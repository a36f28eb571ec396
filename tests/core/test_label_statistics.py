"""What is measured of objects, beside what SimpleITK measures."""

import numpy as np
import pytest
import SimpleITK as sitk

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.measures.label_statistics import statistics_of
from napari_sam_med.core.volumes import Volume
from napari_sam_med.errors import ImageError

OBLIQUE = Geometry(
    (0.8, 0.9, 5.0),
    (-30.0, 12.5, 700.0),
    ((0.8, -0.6, 0.0), (0.6, 0.8, 0.0), (0.0, 0.0, -1.0)),
)


@pytest.fixture
def scan():
    rng = np.random.default_rng(4)
    image = Volume(rng.normal(1e6, 3.0, (4, 9, 7)), OBLIQUE)
    labels = rng.choice([0, 0, 1, 7, 70000], (4, 9, 7))
    return image, labels


@pytest.fixture
def by_itk(scan):
    image, labels = scan
    shown, drawn = (sitk.GetImageFromArray(a) for a in (image.array, labels))
    for each in (shown, drawn):
        each.SetSpacing(OBLIQUE.spacing_xyz)
        each.SetOrigin(OBLIQUE.origin_xyz)
        each.SetDirection(np.ravel(OBLIQUE.direction).tolist())
    measured = sitk.LabelIntensityStatisticsImageFilter()
    measured.Execute(drawn, shown)
    return measured


def test_intensities_are_those_that_simpleitk_measures(scan, by_itk):
    for one in statistics_of(scan[1], scan[0]):
        assert one.mean == pytest.approx(by_itk.GetMean(one.label), rel=1e-12)
        # ITK's one pass loses digits at an intensity of a million
        assert one.sd == pytest.approx(by_itk.GetStandardDeviation(one.label), rel=1e-4)
        assert one.minimum == by_itk.GetMinimum(one.label)
        assert one.maximum == by_itk.GetMaximum(one.label)


def test_sizes_and_places_are_those_that_simpleitk_measures(scan, by_itk):
    found = statistics_of(scan[1], scan[0])
    assert [one.label for one in found] == list(by_itk.GetLabels())
    for one in found:
        assert one.voxels == by_itk.GetNumberOfPixels(one.label)
        assert one.volume_ml * 1000 == pytest.approx(by_itk.GetPhysicalSize(one.label))
        assert one.centroid_xyz == pytest.approx(by_itk.GetCentroid(one.label))


def test_a_small_spread_of_large_numbers_keeps_its_digits(scan):
    image, labels = scan
    expected = [image.array[labels == n].std(ddof=1) for n in (1, 7, 70000)]
    assert [one.sd for one in statistics_of(labels, image)] == pytest.approx(
        expected, rel=1e-12
    )


def test_one_voxel_has_no_spread():
    one = statistics_of(np.array([[[0, 5]]]), Volume(np.array([[[1, 9]]])))[0]
    assert (one.voxels, one.mean, one.sd, one.minimum) == (1, 9.0, 0.0, 9.0)


def test_colour_has_sizes_and_no_intensities():
    image = Volume(np.zeros((1, 2, 2, 3), np.uint8))
    one = statistics_of(np.ones((1, 2, 2), int), image)[0]
    assert (one.voxels, one.mean, one.maximum) == (4, None, None)


def test_names_are_taken_where_there_are_some():
    image = Volume(np.zeros((1, 1, 2)))
    found = statistics_of(np.array([[[1, 2]]]), image, {2: "liver"})
    assert [one.name for one in found] == ["", "liver"]


def test_an_empty_label_image_has_no_object():
    assert statistics_of(np.zeros((1, 2, 2), int), Volume(np.zeros((1, 2, 2)))) == []


def test_labels_of_another_shape_are_refused():
    with pytest.raises(ImageError, match="for an image of shape"):
        statistics_of(np.ones((1, 2, 3), int), Volume(np.zeros((1, 2, 2))))
