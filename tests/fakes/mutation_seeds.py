"""Small sound files of every kind that is read, for mutations to start from."""

import gzip
import struct

import nibabel
import nrrd
import numpy as np
import pydicom
import SimpleITK as sitk
from PIL import Image

from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.io.dicom import write_ct_series, write_segmentation

UPRIGHT = np.diag([-0.8, -0.9, 2.5, 1.0])
TILT = np.array([[0.8, 0, 0.6, 0], [0, 1, 0, 0], [-0.6, 0, 0.8, 0], [0, 0, 0, 1]])


def write_seeds(folder):
    """Write one file, or folder of files, of each kind; return their paths."""
    folder.mkdir(parents=True)
    volume = (
        np.random.default_rng(0).integers(-1000, 1000, (6, 10, 12)).astype(np.int16)
    )
    paths = [
        *_niftis(folder, volume),
        *_metaimages(folder, volume),
        *_nrrds(folder, volume),
        *_pictures(folder),
        *_dicoms(folder),
    ]
    return paths


def _niftis(folder, volume):
    xyz = volume.T
    times = np.stack([xyz, xyz + 1], axis=-1)
    images = {
        "plain.nii": nibabel.Nifti1Image(xyz, UPRIGHT),
        "packed.nii.gz": nibabel.Nifti1Image(xyz.astype(np.float32), UPRIGHT),
        "second.nii": nibabel.Nifti2Image(xyz.astype(np.uint8), UPRIGHT),
        "times.nii.gz": nibabel.Nifti1Image(times, UPRIGHT),
        "oblique.nii": nibabel.Nifti1Image(xyz.astype(">i4"), TILT @ UPRIGHT),
    }
    for name, image in images.items():
        image.set_qform(image.affine, 1)
        image.header.set_slope_inter(0.5 if name == "packed.nii.gz" else 1, 0)
        nibabel.save(image, folder / name)
    pair = folder / "pair.hdr"
    nibabel.save(nibabel.Nifti1Pair(xyz, UPRIGHT), pair)
    return [*(folder / name for name in images), pair]


def _itk(volume):
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing((0.8, 0.9, 2.5))
    image.SetOrigin((1.0, 2.0, 3.0))
    return image


def _metaimages(folder, volume):
    for name, packed in (("raw.mha", False), ("zlib.mha", True), ("two.mhd", False)):
        sitk.WriteImage(_itk(volume), str(folder / name), useCompression=packed)
    return [folder / name for name in ("raw.mha", "zlib.mha", "two.mhd")]


def _nrrds(folder, volume):
    for name, packed in (("raw.nrrd", False), ("gzip.nrrd", True), ("two.nhdr", False)):
        sitk.WriteImage(_itk(volume), str(folder / name), useCompression=packed)
    header = {"encoding": "ascii", "space": "RAS", "space directions": np.eye(3)}
    nrrd.write(str(folder / "text.nrrd"), np.asfortranarray(volume.T), header)
    told = {"ID": "a", "Name": "liver", "LabelValue": "1", "Layer": "0"}
    segments = {f"Segment0_{key}": value for key, value in told.items()}
    header = {"space": "LPS", "space directions": np.eye(3), **segments}
    labels = np.asfortranarray((volume.T > 500).astype(np.uint8))
    nrrd.write(str(folder / "labels.seg.nrrd"), labels, header)
    for name in ("text.nrrd", "labels.seg.nrrd"):
        _without_comments(folder / name)
    names = ("raw.nrrd", "gzip.nrrd", "two.nhdr", "text.nrrd", "labels.seg.nrrd")
    return [folder / name for name in names]


def _without_comments(path):
    """Leave out the date that pynrrd writes."""
    head, blank, voxels = path.read_bytes().partition(b"\n\n")
    lines = [line for line in head.split(b"\n") if not line.startswith(b"#")]
    path.write_bytes(b"\n".join(lines) + blank + voxels)


def _pictures(folder):
    grey = np.random.default_rng(1).integers(0, 255, (20, 30)).astype(np.uint8)
    colour = np.random.default_rng(2).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    Image.fromarray(grey).save(folder / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 200).save(folder / "deep.png")
    Image.fromarray(colour).save(folder / "colour.jpg")
    Image.fromarray(colour).save(folder / "colour.bmp")
    pages = [Image.fromarray(grey.astype(np.float32) + i) for i in range(3)]
    options = {"save_all": True, "append_images": pages[1:]}
    pages[0].save(folder / "stack.tif", **options)
    Image.fromarray(grey).save(folder / "lzw.tif", compression="tiff_lzw")
    Image.fromarray(colour).save(folder / "deflate.tif", compression="tiff_deflate")
    _write_double_tiff(folder / "double.tif", grey.astype("<f8"))
    names = ("grey.png", "deep.png", "colour.jpg", "colour.bmp", "stack.tif", "lzw.tif",
             "deflate.tif", "double.tif")  # fmt: skip
    return [folder / name for name in names]


def _write_double_tiff(path, pixels):
    """Write what Pillow cannot: one strip of float64."""
    tags = [(256, pixels.shape[1]), (257, pixels.shape[0]), (258, 64), (259, 1),
            (262, 1), (273, 8), (277, 1), (278, pixels.shape[0]), (279, pixels.nbytes),
            (339, 3)]  # fmt: skip
    head = struct.pack("<2sHI", b"II", 42, 8 + pixels.nbytes)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    path.write_bytes(head + pixels.tobytes() + directory)


def _dicoms(folder):
    array = np.random.default_rng(3).integers(-900, 900, (5, 8, 9)).astype(np.int16)
    volume = Volume(array, Geometry((0.8, 0.9, 2.5), (1.0, 2.0, 3.0)), "ct", "CT")
    write_ct_series(folder / "series", volume, description="mutations")
    whole = pydicom.dcmread(folder / "series" / "0001.dcm")
    whole.save_as(folder / "one.dcm")
    raw = (folder / "one.dcm").read_bytes()
    (folder / "bare").write_bytes(raw[132:])
    _as_multi_frame(whole, array).save_as(folder / "frames.dcm")
    names = ["series", "one.dcm", "bare", "frames.dcm"]
    for labelmap in (False, True):
        names.append(f"labelmap {labelmap}.dcm")
        _write_seg(folder / names[-1], folder / "series", volume, labelmap=labelmap)
    return [folder / name for name in names]


def _write_seg(path, series, volume, *, labelmap):
    """Write a segmentation, with the same bytes each time."""
    labels = (volume.array > 0).astype(np.uint8) + (volume.array > 500)
    write_segmentation(path, labels, volume.geometry,
                       source_files=sorted(series.iterdir()), names={1: "liver"},
                       algorithm=("none", "1"), labelmap=labelmap)  # fmt: skip
    stored = pydicom.dcmread(path)
    numbers = {}

    def fixed(_, element):
        if element.VR == "UI" and not str(element.value).startswith("1.2.840.10008."):
            number = numbers.setdefault(str(element.value), len(numbers) + 1)
            element.value = f"2.25.{number}"
        elif element.VR in ("DA", "TM", "DT"):
            element.value = "20200101" if element.VR != "TM" else "120000"

    stored.walk(fixed)
    stored.file_meta.MediaStorageSOPInstanceUID = stored.SOPInstanceUID
    stored.save_as(path)


def _as_multi_frame(dataset, array):
    """Several frames in one file, as ultrasound has them."""
    dataset.NumberOfFrames = len(array)
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    dataset.Modality = "US"
    dataset.PixelData = (array + 1024).astype(np.uint16).tobytes()
    return dataset


def gzipped(data):
    """Pack bytes the same way each time."""
    return gzip.compress(data, mtime=0)
