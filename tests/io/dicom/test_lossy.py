"""Labels are read from what packing has not changed."""

import io

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)

from fakes.dicom_files import compress, header, place, save
from napari_sam_med.errors import ImageError
from napari_sam_med.io.volume_files import read_labels, read_volume

PIXELS = np.kron(np.array([[0, 1], [2, 0]], np.uint8), np.ones((16, 16), np.uint8))
FORMS = {JPEGBaseline8Bit: "JPEG", JPEG2000: "JPEG2000", JPEG2000Lossless: "JPEG2000"}


def stored(path, syntax, *, rounded=False, **attributes):
    made = place(header(PIXELS), (0, 0, 0))
    for name, value in attributes.items():
        setattr(made, name, value)
    if syntax in FORMS:
        packed = io.BytesIO()
        form, options = FORMS[syntax], {}
        if form == "JPEG2000":
            options = {"irreversible": rounded, "no_jp2": True}
        Image.fromarray(PIXELS).save(packed, form, **options)
        compress(made, [packed.getvalue()])
    return save(made, path, syntax=syntax)


@pytest.mark.parametrize(
    ("syntax", "options"),
    [
        (JPEGBaseline8Bit, {}),
        (JPEG2000, {"rounded": True}),
        (JPEG2000, {"LossyImageCompression": "01"}),
    ],
    ids=["JPEG", "rounded JPEG 2000", "shortened JPEG 2000"],
)
def test_labels_packed_with_loss_are_refused(tmp_path, syntax, options):
    file = stored(tmp_path / "a.dcm", syntax, **options)
    assert read_volume(file).array.shape == (1, 32, 32)
    with pytest.raises(ImageError, match="changes the numbers at every edge"):
        read_labels(file)


@pytest.mark.parametrize(
    ("syntax", "options"),
    [
        (JPEG2000, {"LossyImageCompression": "00"}),
        (JPEG2000, {}),
        (JPEG2000Lossless, {}),
        (ExplicitVRLittleEndian, {"LossyImageCompression": "01"}),
    ],
)
def test_labels_packed_without_loss_are_read(tmp_path, syntax, options):
    file = stored(tmp_path / "a.dcm", syntax, **options)
    assert read_labels(file).array[0].tolist() == PIXELS.tolist()
