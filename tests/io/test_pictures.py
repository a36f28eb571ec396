"""Pictures of all number types and packings, compared with what was put in."""

import struct
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_sam_med.errors import FileReadError, ImageError
from napari_sam_med.io.volume_files import read_labels, read_volume

GREY = np.random.default_rng(0).integers(0, 255, (20, 30)).astype(np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 255, (20, 30, 3)).astype(np.uint8)


@pytest.mark.parametrize("options", [{}, {"default_image": True}])
def test_the_further_pictures_of_an_animated_png_are_told_of(tmp_path, options):
    frames = [Image.fromarray(GREY // k) for k in (1, 2, 3)]
    frames[0].save(
        tmp_path / "a.png", save_all=True, append_images=frames[1:], **options
    )
    for read in (read_volume, read_labels):
        found = read(tmp_path / "a.png")
        assert np.array_equal(found.array, GREY[None])
        (note,) = found.notes
        assert "is animated and holds 3 pictures, of which the first is taken" in note


def test_pictures_behind_a_jpeg_are_told_of(tmp_path):
    pages = [Image.fromarray(COLOUR // k) for k in (1, 2)]
    pages[0].save(
        tmp_path / "a.jpg", format="MPO", save_all=True, append_images=pages[1:]
    )
    found = read_volume(tmp_path / "a.jpg")
    assert found.array.shape == (1, 20, 30, 3)
    (note,) = found.notes
    assert "holds further pictures behind the first, which is taken" in note


def test_a_plain_picture_has_no_note(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    Image.fromarray(COLOUR).save(tmp_path / "a.jpg")
    notes = (read_volume(tmp_path / name).notes for name in ("a.png", "a.jpg"))
    assert not any(notes)


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "zlib"}, {"tile": (16, 16)}, {"bigtiff": True}],
    ids=["raw", "deflate", "tiles", "big"],
)
def test_a_tiff_of_every_type_is_read(tmp_path, dtype, order, options):
    pages = np.stack([GREY // 2, GREY // 3]).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pages, byteorder=order,
                     photometric="minisblack", **options)  # fmt: skip
    array = read_volume(tmp_path / "a.tif").array
    assert array.dtype == (np.float32 if dtype == "f2" else np.dtype(dtype))
    assert np.array_equal(array, pages)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4"])
def test_differences_between_columns_are_summed_up(tmp_path, dtype):
    pixels = GREY.astype(dtype) * (1 if dtype == "u1" else 200)
    Image.fromarray(GREY).save(tmp_path / "b.tif")
    width = pixels.shape[1]
    steps = np.diff(pixels, axis=1, prepend=np.zeros((20, 1), dtype))
    data = steps.astype(f"<{dtype}").tobytes()
    tags = [(256, width), (257, 20), (258, 8 * pixels.itemsize), (259, 1), (262, 1),
            (273, 8), (277, 1), (278, 20), (279, len(data)), (317, 2),
            (339, 2 if dtype == "i4" else 1)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    (tmp_path / "a.tif").write_bytes(head + data + directory)
    assert np.array_equal(read_volume(tmp_path / "a.tif").array[0], pixels)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_packed_tiffs_are_read(tmp_path, compression, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(read_volume(tmp_path / "a.tif").array[0], pixels)


def test_a_stack_whose_pages_are_missing_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((9, 20, 30), np.uint16),
                     photometric="minisblack")  # fmt: skip
    path = tmp_path / "a.tif"
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(FileReadError, match="ends too early"):
        read_volume(path)


def test_an_imagej_stack_with_fewer_pages_than_it_says_is_refused(tmp_path):
    text = "ImageJ=1.54f\nimages=9\nslices=9\n"
    tifffile.imwrite(tmp_path / "a.tif", GREY, description=text, metadata=None)
    with pytest.raises(FileReadError, match="should have 9 pages, 1 are there"):
        read_volume(tmp_path / "a.tif")


@pytest.mark.parametrize("kind", [2, 5, 12])
def test_a_tag_of_the_wrong_type_is_one_sentence(tmp_path, kind):
    tifffile.imwrite(tmp_path / "a.tif", GREY, metadata=None)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    at = data.index(struct.pack("<H", 273) + struct.pack("<H", 4))
    data[at + 2 : at + 4] = struct.pack("<H", kind)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(FileReadError) as caught:
        read_volume(tmp_path / "a.tif")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("axes", "kind", "said"),
    [
        ("CZYX", "ome", "2 channels in turn"),
        ("TZYX", "ome", "2 times in turn"),
        ("ZCYX", "imagej", "12 channels in turn"),
        ("TZYX", "imagej", "2 times in turn"),
    ],
)
def test_pages_that_are_no_slices_are_told_of(tmp_path, axes, kind, said):
    shape = (3, 12, 8, 9) if axes == "ZCYX" else (2, 3, 8, 9)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros(shape, np.uint16), photometric="minisblack",
                     metadata={"axes": axes}, **{kind: True})  # fmt: skip
    assert said in read_volume(path).notes[0]


def test_several_images_of_one_size_are_told_of(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
        for _ in range(2):
            file.write(np.zeros((3, 8, 9), np.uint16), metadata={"axes": "ZYX"})
    assert "2 images in turn" in read_volume(tmp_path / "a.ome.tif").notes[0]


def test_pages_that_go_round_in_a_circle_are_refused(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.tif")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    start = struct.unpack("<I", data[4:8])[0]
    n_tags = struct.unpack("<H", data[start : start + 2])[0]
    end = start + 2 + 12 * n_tags
    data[end : end + 4] = struct.pack("<I", start)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(FileReadError, match="in a circle"):
        read_volume(tmp_path / "a.tif")


def test_pages_of_different_sizes_are_refused(tmp_path):
    pages = [Image.fromarray(GREY), Image.fromarray(GREY[:10])]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ImageError, match="different sizes"):
        read_volume(tmp_path / "a.tif")


def test_white_as_zero_is_turned_round(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="miniswhite")
    assert np.array_equal(read_volume(tmp_path / "a.tif").array[0], 255 - GREY)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_labels_keep_the_stored_numbers_where_0_is_white(tmp_path, dtype, compression):
    labels = (GREY % 3).astype(dtype)
    path = tmp_path / "a.tif"
    if compression == "lzw":
        _write_lzw_white_is_zero(path, labels)
    else:
        tifffile.imwrite(
            path, labels, photometric="miniswhite", compression=compression
        )
    assert np.array_equal(read_labels(path).array[0], labels)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_labels_packed_as_jpeg_are_refused(tmp_path, name):
    mask = Image.fromarray(np.kron(GREY > 100, np.ones((5, 5))).astype(np.uint8) * 255)
    packing = {"compression": "jpeg"} if name == "a.tif" else {}
    mask.save(tmp_path / name, **packing)
    with pytest.raises(ImageError, match="give labels as PNG"):
        read_labels(tmp_path / name)
    assert read_volume(tmp_path / name).array.shape == (1, 100, 150)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_a_mask_of_single_bits_keeps_its_inside(tmp_path, photometric):
    mask = GREY > 100
    tifffile.imwrite(tmp_path / "a.tif", mask, photometric=photometric)
    assert np.array_equal(read_labels(tmp_path / "a.tif").array[0], mask)
    shown = mask if photometric == "minisblack" else ~mask
    assert np.array_equal(read_volume(tmp_path / "a.tif").array[0] > 0, shown)


@pytest.mark.parametrize("bits", [2, 4])
def test_labels_of_few_bits_keep_their_numbers_where_0_is_white(tmp_path, bits):
    labels = GREY[:, :24] % (1 << bits)
    shifts = np.arange(8 - bits, -1, -bits)
    data = (labels.reshape(20, -1, 8 // bits) << shifts).sum(axis=2).astype(np.uint8)
    _write_tiff(tmp_path / "a.tif", (24, 20), bits, data.tobytes(), photometric=0)
    assert np.array_equal(read_labels(tmp_path / "a.tif").array[0], labels)


def _write_lzw_white_is_zero(path, labels):
    Image.fromarray(labels).save(path, compression="tiff_lzw")
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags[262].overwrite(0)


def _write_tiff(path, size, bits, data, *, photometric):
    width, height = size
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric),
            (273, 8), (277, 1), (278, height), (279, len(data))]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    path.write_bytes(head + data + directory)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif"])
def test_a_truncated_picture_is_refused(tmp_path, name):
    path = tmp_path / name
    Image.fromarray(COLOUR).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FileReadError):
        read_volume(path)


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "P", "YCbCr"])
def test_other_kinds_of_colour_become_rgb(tmp_path, mode):
    image = Image.fromarray(COLOUR).convert(mode)
    image.save(tmp_path / "a.tif")
    assert np.array_equal(
        read_volume(tmp_path / "a.tif").array[0], np.asarray(image.convert("RGB"))
    )


@pytest.mark.parametrize("channels", [3, 4])
def test_grey_of_16_bits_saved_as_colour_stays_grey_of_16_bits(tmp_path, channels):
    wide = np.repeat((GREY.astype(np.uint16) * 211)[..., None], channels, axis=2)
    _write_png16(tmp_path / "a.png", wide)
    assert np.array_equal(read_volume(tmp_path / "a.png").array[0], wide[..., 0])


def test_colours_of_16_bits_become_8_and_this_is_said(tmp_path):
    wide = COLOUR.astype(np.uint16) * 256 + 17
    _write_png16(tmp_path / "a.png", wide)
    volume = read_volume(tmp_path / "a.png")
    assert np.array_equal(volume.array[0], COLOUR)
    assert "16 bits" in volume.notes[0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.tif", "b.tif"])
def test_pixels_are_taken_as_stored_whatever_the_orientation(
    tmp_path, orientation, name
):
    smooth = np.add.outer(np.arange(16), np.arange(24) * 4).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"compression": "tiff_lzw"} if name == "b.tif" else {}
    if name == "a.jpg":
        options = {"quality": 100}
    Image.fromarray(smooth).save(tmp_path / name, exif=exif, **options)
    volume = read_volume(tmp_path / name)
    assert np.abs(volume.array[0].astype(int) - smooth).max() <= 2
    assert bool(volume.notes) is (orientation != 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_very_large_pictures_are_read_without_a_warning(tmp_path, name):
    pixels = np.zeros((14000, 14000), np.uint8)
    pixels[-1, -1] = 7
    path = tmp_path / name
    options = {"compression": "tiff_lzw"} if name == "a.tif" else {"compress_level": 1}
    Image.fromarray(pixels).save(path, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        array = read_volume(path).array
    assert (array.shape, array[0, -1, -1]) == ((1, 14000, 14000), 7)
    assert Image.MAX_IMAGE_PIXELS is not None


def test_a_small_png_that_claims_a_huge_size_is_one_sentence(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[16:24] = struct.pack(">II", 2**30, 2**30)
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises((FileReadError, ImageError)):
        read_volume(tmp_path / "a.png")


def test_labels_of_64_bits_are_read(tmp_path):
    labels = np.array([[0, 1], [2, 70000]], np.int64)
    tifffile.imwrite(tmp_path / "a.tif", labels)
    assert np.array_equal(read_labels(tmp_path / "a.tif").array[0], labels)


def _write_png16(path, pixels):
    """Write a PNG of 16 bits a channel, which Pillow cannot."""
    import cv2

    order = [2, 1, 0, 3][: pixels.shape[2]]
    assert cv2.imwrite(str(path), pixels[..., order])


def low_bits(stored, bits):
    """Rows of numbers below 2**bits, packed as PNG and TIFF pack them."""
    each = np.unpackbits(stored[..., None], axis=-1)[..., 8 - bits :]
    return np.packbits(each.reshape(len(stored), -1), axis=1)


def save_low_bits(path, stored, bits):
    """A grey PNG or TIFF of 1, 2 or 4 bits."""
    rows, (height, width) = low_bits(stored, bits), stored.shape
    if path.suffix == ".tif":
        data = rows.tobytes()
        tags = [(256, width), (257, height), (258, bits), (259, 1), (262, 1), (273, 8),
                (277, 1), (278, height), (279, len(data))]  # fmt: skip
        entries = b"".join(
            struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags
        )
        head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
        directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
        path.write_bytes(head + data + directory)
        return path
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", packed), (b"IEND", b"")]
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + name + data
            + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
    )  # fmt: skip
    return path


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_labels_of_few_bits_keep_their_numbers(tmp_path, bits, name):
    stored = (np.arange(24, dtype=np.uint8) % 2**bits).reshape(3, 8)
    path = save_low_bits(tmp_path / name, stored, bits)
    assert np.array_equal(read_labels(path).array[0], stored)


@pytest.mark.parametrize("bits", [2, 4])
def test_an_image_of_few_bits_is_stretched_to_white(tmp_path, bits):
    stored = (np.arange(24, dtype=np.uint8) % 2**bits).reshape(3, 8)
    path = save_low_bits(tmp_path / "a.png", stored, bits)
    assert read_volume(path).array.max() == 255


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_planes_that_are_no_colour_are_refused_as_such(tmp_path, dtype, n):
    planes = np.stack([GREY] * n).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="minisblack",
                     planarconfig="separate")  # fmt: skip
    with pytest.raises(ImageError, match=f"has {n} channels of .* that are no colour"):
        read_volume(tmp_path / "a.tif")


def test_numbers_of_each_pixel_that_are_no_colour_are_refused_as_such(tmp_path):
    pixels = np.stack([GREY] * 3, axis=-1).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack",
                     planarconfig="contig")  # fmt: skip
    with pytest.raises(ImageError, match="has 3 channels of 16 bits that are no col"):
        read_volume(tmp_path / "a.tif")


def test_slices_that_were_saved_as_planes_of_a_colour_are_refused(tmp_path):
    slices = np.stack([GREY] * 3).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", slices, photometric="rgb",
                     planarconfig="separate")  # fmt: skip
    with pytest.raises(ImageError, match="in a plane of its own; save slices as pages"):
        read_volume(tmp_path / "a.tif")


def test_colours_of_8_bits_in_planes_are_read(tmp_path):
    planes = np.moveaxis(COLOUR, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb",
                     planarconfig="separate")  # fmt: skip
    assert np.array_equal(read_volume(tmp_path / "a.tif").array[0], COLOUR)
