"""From a file to a mask in a file: every voxel where it is in the patient.

Files are written and read back by other libraries than those that the package uses for
the same format, so that a fault in both directions cannot hide itself.
"""

import highdicom
import nibabel
import nrrd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from scipy.spatial.transform import Rotation

from napari_sam_med import read_volume
from napari_sam_med.cli.main import main

SHAPE = (9, 11, 13)
BLOCK = (slice(3, 6), slice(4, 9), slice(2, 9))
RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
NEAR_MM = 1e-3


def place(directions, spacing=(0.7, 2.1, 6.3), origin=(-31.5, 12.25, 240.0)):
    """LPS millimetres from voxel (x, y, z, 1); columns of ``directions`` are axes.

    Spacings are odd multiples of each other, so that a slice's voxels and its square
    pixels share their centres, and a mask is the same whichever way axes run.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = np.asarray(directions, dtype=float) * spacing
    matrix[:3, 3] = origin
    return matrix


def cropped(matrix):
    matrix = matrix.copy()
    matrix[:3, 3] = (matrix @ (7, 5, 2, 1))[:3]
    return matrix


AXIAL = np.eye(3)
OBLIQUE = Rotation.from_euler("xyz", (17, -24, 33), degrees=True).as_matrix()
PLACES = {
    "axial": place(AXIAL),
    "coronal": place([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "sagittal": place([[0, 0, -1], [1, 0, 0], [0, -1, 0]]),
    "oblique": place(OBLIQUE),
    "left-handed": place(np.diag([1, 1, -1])),
    "flipped": place(np.diag([-1, -1, 1])),
    "cropped": cropped(place(OBLIQUE)),
}
IN = ("nii", "nii.gz", "nrrd", "mha", "dicom")
OUT = ("nii", "nii.gz", "nrrd", "mha", "dcm")


def world(matrix, index_zyx):
    """LPS millimetres of (N, 3) voxels."""
    xyz1 = np.column_stack([index_zyx[:, ::-1], np.ones(len(index_zyx))])
    return (xyz1 @ matrix.T)[:, :3]


def in_order(points):
    return points[np.lexsort(np.round(points, 2).T)]


@pytest.fixture
def image():
    """(Z, Y, X) int16 with a bright block."""
    array = np.zeros(SHAPE, np.int16)
    array[BLOCK] = 1000
    return array


def write_nifti(path, array, matrix):
    image = nibabel.Nifti1Image(array.T, RAS @ matrix)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def write_nrrd(path, array, matrix):
    header = {
        "space": "left-posterior-superior",
        "space directions": matrix[:3, :3].T,
        "space origin": matrix[:3, 3],
    }
    nrrd.write(str(path), array.T, header)


def write_mha(path, array, matrix):
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(matrix[:3, 3].tolist())
    image.SetDirection((matrix[:3, :3] / spacing).ravel().tolist())
    sitk.WriteImage(image, str(path))


def write_dicom(folder, array, matrix):
    """One file for each slice, in shuffled order of names."""
    folder.mkdir()
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    axes = matrix[:3, :3] / spacing
    study, series, frame = (generate_uid() for _ in range(3))
    order = np.random.default_rng(0).permutation(len(array))
    for name, index in enumerate(order):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one = Dataset()
        one.file_meta = meta
        one.SOPClassUID = CTImageStorage
        one.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        one.StudyInstanceUID, one.SeriesInstanceUID = study, series
        one.FrameOfReferenceUID = frame
        one.PatientName, one.PatientID = "Doe^Jane", "4711"
        one.PatientBirthDate = one.PatientSex = one.AccessionNumber = ""
        one.StudyDate = one.StudyTime = one.StudyID = one.ReferringPhysicianName = ""
        one.Modality, one.SeriesNumber, one.InstanceNumber = "CT", 1, int(index) + 1
        one.Rows, one.Columns = array.shape[1:]
        one.PixelSpacing = [float(spacing[1]), float(spacing[0])]
        one.SliceThickness = float(spacing[2])
        across = np.concatenate([axes[:, 0], axes[:, 1]])
        one.ImageOrientationPatient = [f"{value:.12f}"[:16] for value in across]
        at = (matrix @ (0, 0, index, 1))[:3]
        one.ImagePositionPatient = [f"{value:.10f}"[:16] for value in at]
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.BitsAllocated, one.BitsStored, one.HighBit = 16, 16, 15
        one.PixelRepresentation = 1
        one.RescaleIntercept, one.RescaleSlope = "0", "1"
        one.PixelData = array[index].tobytes()
        one.save_as(folder / f"{name}.dcm", enforce_file_format=True)


def write_as(kind, folder, array, matrix):
    if kind == "dicom":
        write_dicom(folder / "series", array, matrix)
        return folder / "series"
    path = folder / f"image.{kind}"
    writers = {"nrrd": write_nrrd, "mha": write_mha}
    writers.get(kind, write_nifti)(path, array, matrix)
    return path


def positions_in(path):
    """LPS millimetres of the voxels labelled 1, by a library of others."""
    name = path.name
    if name.endswith((".nii", ".nii.gz")):
        image = nibabel.load(path)
        found = np.argwhere(np.asarray(image.dataobj) == 1)
        return world(RAS @ image.affine, found[:, ::-1])
    if name.endswith(".nrrd"):
        array, header = nrrd.read(str(path))
        assert header["space"] == "left-posterior-superior"
        matrix = np.eye(4)
        matrix[:3, :3] = header["space directions"].T
        matrix[:3, 3] = header["space origin"]
        return world(matrix, np.argwhere(array == 1)[:, ::-1])
    image = sitk.ReadImage(str(path))
    array = sitk.GetArrayFromImage(image)
    if name.endswith(".dcm"):
        array = array == 255  # what is in a segment
        # ITK fills the voxels of a last byte that is not full with whatever was there
        array.ravel()[array.size - array.size % 8 :] = False
    found = np.argwhere(array == 1)
    points = [image.TransformIndexToPhysicalPoint(p[::-1].tolist()) for p in found]
    return np.array(points)


def segment(path, matrix, out, axis):
    """Prompt the block with a box on the slice through its centre, across ``axis``."""
    ends = np.array([[part.start, part.stop - 1] for part in BLOCK], dtype=float).T
    at = read_volume(path).geometry.zyx_from_world_xyz(world(matrix, ends))
    low, high = np.rint(at.min(axis=0)), np.rint(at.max(axis=0))
    others = [other for other in range(3) if other != axis]
    box = (*low[others], *high[others])
    return main(
        [
            "segment", str(path), "--model", "ellipse", "--out", str(out),
            "--axis", str(axis), "--slice", str(int((low[axis] + high[axis]) / 2)),
            "--box", ",".join(str(int(value)) for value in box),
        ]
    )  # fmt: skip


@pytest.fixture(params=PLACES)
def lying(request):
    """Where the image lies: LPS millimetres from voxels."""
    return PLACES[request.param]


def expected(matrix, axis):
    """The ellipse in the block's box on its middle slice, worked out by hand."""
    middle = [(part.start + part.stop - 1) / 2 for part in BLOCK]
    half = [(part.stop - part.start) / 2 for part in BLOCK]
    grid = np.argwhere(np.ones(SHAPE, bool))
    others = [other for other in range(3) if other != axis]
    off = sum(((grid[:, each] - middle[each]) / half[each]) ** 2 for each in others)
    inside = (off <= 1) & (grid[:, axis] == middle[axis])
    return world(matrix, grid[inside].astype(float))


PAIRS = [
    (read, write) for read in IN for write in OUT if write != "dcm" or read == "dicom"
]


@pytest.mark.parametrize(("read", "write"), PAIRS)
def test_a_mask_lies_where_it_was_prompted(tmp_path, image, lying, read, write):
    path = write_as(read, tmp_path, image, lying)
    turn = (IN.index(read) + OUT.index(write)) % 3
    out = tmp_path / f"mask.{write}"
    assert segment(path, lying, out, turn) == 0
    assert_same(positions_in(out), expected(lying, turn))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_same_voxels_are_found_whatever_the_format(tmp_path, image, lying, axis):
    found = []
    for kind in ("nii.gz", "nrrd", "dicom"):
        (tmp_path / kind).mkdir()
        path = write_as(kind, tmp_path / kind, image, lying)
        out = tmp_path / f"{kind}.mha"
        assert segment(path, lying, out, axis) == 0
        found.append(positions_in(out))
    assert_same(found[0], found[1])
    assert_same(found[0], found[2])


def test_a_dicom_segmentation_is_one_for_highdicom_too(tmp_path, image, lying):
    path = write_as("dicom", tmp_path, image, lying)
    out = tmp_path / "mask.dcm"
    assert segment(path, lying, out, 0) == 0
    found = highdicom.seg.segread(out)
    assert found.number_of_segments == 1
    stored = pydicom.dcmread(out)
    source = pydicom.dcmread(next(path.iterdir()))
    assert stored.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert stored.StudyInstanceUID == source.StudyInstanceUID
    volume = found.get_volume()
    points = np.argwhere(np.asarray(volume.array)[..., 0] == 1)
    at = volume.map_indices_to_reference(points)
    assert_same(at, expected(lying, 0))


def assert_same(points, wanted):
    assert len(points) == len(wanted) > 0
    assert np.abs(in_order(points) - in_order(wanted)).max() <= NEAR_MM
