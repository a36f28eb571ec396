"""Values of DICOM pixels: slope x stored + intercept, in a type that holds them."""

import tracemalloc

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders import JPEGLSLosslessEncoder, RLELosslessEncoder
from pydicom.uid import (
    MPEG2MPML,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from fakes.dicom_files import (
    compress,
    header,
    item,
    place,
    save,
    sequence,
    series,
)
from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.dicom import read_dicom


def one(tmp_path, pixels, **changes):
    made = place(header(pixels), (0, 0, 0))
    for name, value in changes.items():
        setattr(made, name, value)
    return read_dicom(save(made, tmp_path / "a.dcm")).array[0]


def test_each_slice_is_rescaled_by_its_own_slope(tmp_path):
    slopes = [1, 0.5, 0.25, 1.3]

    def change(made, index):
        made.RescaleSlope, made.RescaleIntercept = slopes[index], index

    stored = np.full((4, 6, 5), 32767, np.int16)
    array = read_dicom(series(tmp_path, stored, change=change)).array
    assert array.dtype == np.float32
    expected = [32767 * slope + index for index, slope in enumerate(slopes)]
    assert array[:, 0, 0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("dtype", "stored", "slope", "intercept", "expected"),
    [
        (np.uint16, [0, 4095], 1, -1024, np.int16),
        (np.uint16, [0, 65535], 1, -1024, np.int32),
        (np.int16, [-2000, 3000], 1, -1024, np.int16),
        (np.int16, [-32768, 32767], 2, 0, np.int32),
        (np.uint8, [0, 255], 1, 0, np.uint8),
        (np.uint8, [0, 255], 100, 0, np.int16),
        (np.int32, [-(2**31), 2**31 - 1], 4, 0, np.int64),
        (np.int32, [0, 2**31 - 1], 0.5, 0, np.float64),
    ],
)
def test_values_get_the_type_that_holds_them(
    tmp_path, dtype, stored, slope, intercept, expected
):
    pixels = np.array([stored], dtype)
    array = one(tmp_path, pixels, RescaleSlope=slope, RescaleIntercept=intercept)
    assert array.dtype == expected
    assert array[0].tolist() == [value * slope + intercept for value in stored]


@pytest.mark.parametrize(
    ("bits", "high", "signed", "stored", "expected"),
    [
        (12, 11, 0, 0xF123, 0x123),  # an overlay above the value
        (12, 11, 1, 0x0FFF, -1),  # a sign in the middle of the word
        (12, 15, 0, 0x1230, 0x123),  # the value in the upper bits
        (12, 15, 1, 0xFFF0, -1),
        (16, 15, 1, 0x8000, -32768),
    ],
)
def test_only_the_bits_stored_are_the_value(
    tmp_path, bits, high, signed, stored, expected
):
    changes = {"BitsStored": bits, "HighBit": high, "PixelRepresentation": signed}
    array = one(tmp_path, np.full((2, 2), stored, np.uint16), **changes)
    assert (array == expected).all()


@pytest.mark.parametrize(("signed", "lowest"), [(0, 4095), (1, -1)])
def test_inverted_grey_is_turned_round_and_said(tmp_path, signed, lowest):
    made = place(header(np.zeros((2, 2), np.uint16)), (0, 0, 0))
    made.PhotometricInterpretation, made.Modality = "MONOCHROME1", "DX"
    made.BitsStored, made.HighBit, made.PixelRepresentation = 12, 11, signed
    volume = read_dicom(save(made, tmp_path / "a.dcm"))
    assert (volume.array == lowest).all()
    assert any("turned round" in note for note in volume.notes)


LUT = sequence(LUTDescriptor=[3, 0, 16], LUTData=np.uint16([5, 70, 900]).tobytes())


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"RescaleSlope": "2", "RescaleIntercept": "-1"}, [-1, 1, 3]),
        ({"ModalityLUTSequence": LUT}, [5, 70, 900]),
        (
            {"RescaleSlope": "1", "RescaleIntercept": "0", "RescaleType": "HU"},
            [0, 1, 2],
        ),
        ({"Modality": "NM"}, [0, 1, 2]),
    ],
    ids=["rescale", "table", "units", "counts"],
)
def test_inverted_grey_that_measures_is_not_turned_and_that_is_said(
    tmp_path, changes, values
):
    made = place(header(np.uint16([[0, 1, 2]])), (0, 0, 0))
    made.PhotometricInterpretation, made.Modality = "MONOCHROME1", "DX"
    for name, value in changes.items():
        setattr(made, name, value)
    volume = read_dicom(save(made, tmp_path / "a.dcm"))
    assert volume.array[0].tolist() == [values]
    assert any("values are as stored" in note for note in volume.notes)


def test_padding_is_a_value_like_others(tmp_path):
    pixels = np.array([[-2000, 5]], np.int16)
    assert one(tmp_path, pixels, PixelPaddingValue=-2000).tolist() == [[-2000, 5]]


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb_is_read_in_both_arrangements(tmp_path, planar):
    colours = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    stored = np.moveaxis(colours, -1, 0) if planar else colours
    changes = {"PlanarConfiguration": planar, "PixelData": stored.tobytes()}
    assert one(tmp_path, colours, **changes).tolist() == colours.tolist()


@pytest.mark.parametrize(("ybr", "rgb"), [((76, 85, 255), (254, 0, 0))])
@pytest.mark.parametrize("subsampled", [False, True])
def test_ybr_becomes_rgb(tmp_path, ybr, rgb, subsampled):
    pixels = np.full((2, 4, 3), ybr, np.uint8)
    changes = {"PhotometricInterpretation": "YBR_FULL"}
    if subsampled:
        y, b, r = ybr
        changes = {
            "PhotometricInterpretation": "YBR_FULL_422",
            "PixelData": bytes([y, y, b, r] * 4),
        }
    assert one(tmp_path, pixels, **changes).reshape(-1, 3).tolist() == [list(rgb)] * 8


@pytest.mark.parametrize("wide", [False, True])
def test_a_palette_becomes_rgb(tmp_path, wide):
    dtype = "<u2" if wide else "u1"
    changes = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, table in (("Red", [1, 2]), ("Green", [3, 4]), ("Blue", [5, 6])):
        start = f"{name}PaletteColorLookupTable"
        values = np.array(table) * (256 if wide else 1)
        changes[f"{start}Descriptor"] = [2, 10, 16 if wide else 8]
        changes[f"{start}Data"] = values.astype(dtype).tobytes()
    indices = np.array([[10, 11, 9, 99]], np.uint8)
    expected = [[[1, 3, 5], [2, 4, 6], [1, 3, 5], [2, 4, 6]]]
    assert one(tmp_path, indices, **changes).tolist() == expected


def test_a_cut_palette_is_refused(tmp_path):
    changes = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        changes[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        changes[f"{name}PaletteColorLookupTableData"] = bytes(20)
    with pytest.raises(FileReadError, match="RedPaletteColorLookupTableData"):
        one(tmp_path, np.zeros((2, 2), np.uint8), **changes)


def test_a_modality_table_is_applied(tmp_path):
    made = place(header(np.array([[0, 5, 6, 7, 99]], np.uint16)), (0, 0, 0))
    table = np.array([100, 200, 300], "<u2").tobytes()
    lut = item(LUTDescriptor=[3, 5, 16], ModalityLUTType="US")
    lut.add_new("LUTData", "OW", table)
    made.ModalityLUTSequence = [lut]
    array = read_dicom(save(made, tmp_path / "a.dcm")).array[0]
    assert array.tolist() == [[100, 100, 200, 300, 300]]


@pytest.mark.parametrize(
    ("keyword", "dtype"),
    [("FloatPixelData", np.float32), ("DoubleFloatPixelData", np.float64)],
)
def test_float_pixels_are_read(tmp_path, keyword, dtype):
    made = place(header(np.zeros((1, 2), np.uint8)), (0, 0, 0))
    del made.PixelData
    made.BitsAllocated = np.dtype(dtype).itemsize * 8
    setattr(made, keyword, np.array([0.25, -3.5], dtype).tobytes())
    array = read_dicom(save(made, tmp_path / "a.dcm")).array
    assert array.dtype == dtype
    assert array.ravel().tolist() == [0.25, -3.5]


def test_float_pixels_that_are_not_numbers_are_refused(tmp_path):
    made = place(header(np.zeros((1, 2), np.uint8)), (0, 0, 0))
    del made.PixelData
    made.BitsAllocated = 32
    made.FloatPixelData = np.array([np.nan, 1], np.float32).tobytes()
    with pytest.raises(ImageError, match="1 NaN or infinite"):
        read_dicom(save(made, tmp_path / "a.dcm"))


def test_single_bits_run_on_from_frame_to_frame(tmp_path):
    masks = np.random.default_rng(0).integers(0, 2, (3, 3, 5)).astype(np.uint8)
    made = header(masks)
    made.NumberOfFrames, made.BitsAllocated = 3, 1
    made.BitsStored, made.HighBit = 1, 0
    made.PixelData = np.packbits(masks.ravel(), bitorder="little").tobytes()
    array = read_dicom(save(made, tmp_path / "a.dcm")).array
    assert array.tolist() == masks.tolist()


def test_bytes_in_big_endian_words_are_turned(tmp_path):
    colours = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    made = place(header(colours), (0, 0, 0))
    padded = colours.tobytes() + b"\0"
    words = np.frombuffer(padded, "<u2").astype(">u2").tobytes()
    made.add_new("PixelData", "OW", words)
    volume = read_dicom(save(made, tmp_path / "a.dcm", syntax=ExplicitVRBigEndian))
    assert volume.array[0].tolist() == colours.tolist()


def encoded(pixels, syntax, tmp_path):
    options = {
        "rows": pixels.shape[0], "columns": pixels.shape[1], "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2", "number_of_frames": 1,
        "bits_allocated": 16, "bits_stored": 16, "pixel_representation": 1,
    }  # fmt: skip
    if syntax in (RLELossless, JPEGLSLossless):
        encoder = RLELosslessEncoder if syntax == RLELossless else JPEGLSLosslessEncoder
        return encoder.encode(pixels.tobytes(), **options)
    writer = sitk.ImageFileWriter()
    writer.SetFileName(str(tmp_path / "itk.dcm"))
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG2000" if syntax == JPEG2000Lossless else "JPEG")
    writer.Execute(sitk.GetImageFromArray(pixels[None]))
    data = (tmp_path / "itk.dcm").read_bytes()
    start = data.rindex(b"\xff\x4f" if syntax == JPEG2000Lossless else b"\xff\xd8")
    end = data.rindex(b"\xff\xd9")
    return data[start : end + 2]


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEGLosslessSV1]
)
def test_lossless_compression_changes_no_voxel(tmp_path, syntax, capfd):
    pixels = np.random.default_rng(1).integers(-1000, 3000, (40, 30)).astype(np.int16)
    if syntax == JPEGLosslessSV1:  # ITK writes 16 bits unsigned
        pixels = (pixels + 1000).astype(np.uint16)
    made = compress(
        place(header(pixels), (0, 0, 0)), [encoded(pixels, syntax, tmp_path)]
    )
    capfd.readouterr()
    array = read_dicom(save(made, tmp_path / "a.dcm", syntax=syntax)).array[0]
    assert array.tolist() == pixels.tolist()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("n_fragments", [1, 3])
def test_frames_in_fragments_are_put_together(tmp_path, n_fragments):
    pixels = np.random.default_rng(2).integers(0, 99, (2, 32, 16)).astype(np.int16)
    frames = [encoded(each, RLELossless, tmp_path) for each in pixels]
    made = header(pixels)
    made.NumberOfFrames = 2
    made.PixelData = encapsulate(frames, fragments_per_frame=n_fragments)
    volume = read_dicom(save(made, tmp_path / "a.dcm", syntax=RLELossless))
    assert volume.array.tolist() == pixels.tolist()


def test_a_compressed_frame_of_another_size_is_refused(tmp_path):
    pixels = np.zeros((40, 30), np.int16)
    made = place(header(pixels), (0, 0, 0))
    compress(made, [encoded(pixels, JPEGLSLossless, tmp_path)])
    made.Rows = 41
    file = save(made, tmp_path / "a.dcm", syntax=JPEGLSLossless)
    with pytest.raises(FileReadError, match="frame is 40 x 30 x 1, the header says 41"):
        read_dicom(file)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEGLosslessSV1])
def test_a_cut_compressed_frame_is_refused(tmp_path, syntax):
    pixels = np.random.default_rng(1).integers(0, 3000, (40, 30)).astype(np.uint16)
    whole = encoded(pixels, syntax, tmp_path)
    made = place(header(pixels), (0, 0, 0))
    compress(made, [whole[: len(whole) // 2 // 2 * 2]])
    file = save(made, tmp_path / "a.dcm", syntax=syntax)
    with pytest.raises(FileReadError, match=r"cut|cannot be decoded"):
        read_dicom(file)


def test_a_syntax_that_is_not_read_is_named(tmp_path):
    made = compress(place(header(np.zeros((2, 2), np.uint8)), (0, 0, 0)), [b"ab"])
    file = save(made, tmp_path / "a.dcm", syntax=MPEG2MPML)
    with pytest.raises(ImageError, match="MPEG2"):
        read_dicom(file)


def test_a_series_takes_little_more_memory_than_its_voxels(tmp_path):
    array = np.ones((20, 256, 256), np.int16)

    def change(made, index):
        made.RescaleIntercept, made.RescaleSlope = -1024, 1

    series(tmp_path, array, change=change)
    tracemalloc.start()
    volume = read_dicom(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert volume.array[3, 3, 3] == -1023
    assert peak < 1.6 * array.nbytes
