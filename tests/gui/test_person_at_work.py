"""A person works in the real program, which is killed, and goes on in another.

By default the spleen is segmented; ``NAPARI_SAM_MED_PERSON=all pytest
tests/gui/test_person_at_work.py`` does liver, spleen and both kidneys of the CT in the
axial view and the ventricles of the MR in the sagittal one.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from pyvirtualdisplay import Display
from skimage import measure

from fakes.person_at_work import EXPORTS, FILES, JOBS, SAMPLES
from napari_sam_med.core.metrics import dice

NAME = os.environ.get("NAPARI_SAM_MED_PERSON", "few")
MOST_PROMPTS = 25
LEAST_DICE = 0.9
SCREEN = (1600, 1000)
END_S = 600


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """Work that was killed and taken up again: all that was told, and the exports."""
    folder = tmp_path_factory.mktemp("person")
    with Display(size=SCREEN, manage_global_env=False) as screen:
        places = {
            "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
            "NAPARI_SAM_MED_CACHE": str(folder / "cache"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "DISPLAY": screen.new_display_var,
        }
        told = killed("work", NAME, environment=os.environ | places)
        program = begun("finish", NAME, str(folder), environment=os.environ | places)
        text, _ = program.communicate(timeout=END_S)
        assert program.returncode == 0, text
        told += [json.loads(line) for line in text.splitlines() if is_told(line)]
    return folder, told


def begun(*arguments: str, environment: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "fakes.person_at_work", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )


def killed(*arguments: str, environment: dict[str, str]) -> list[object]:
    """Kill the program once the person is through, and give what was told."""
    told, lines = [], []
    with begun(*arguments, environment=environment) as program:
        for line in program.stdout:
            lines.append(line)
            told += [json.loads(line)] if is_told(line) else []
            if told[-1:] == ["kill me"]:
                program.send_signal(signal.SIGKILL)
                break
    assert program.returncode == -signal.SIGKILL, "".join(lines)
    return told


def is_told(line: str) -> bool:
    return line.startswith(('"', "{"))


def exported(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Labels (z, y, x) and the matrix from their indices to the world."""
    if path.name.endswith(".nii.gz"):
        image = nibabel.load(path)
        return np.asarray(image.dataobj).T, image.affine
    image = sitk.ReadImage(str(path))
    place = (*image.GetOrigin(), *image.GetSpacing(), *image.GetDirection())
    return sitk.GetArrayFromImage(image), np.array(place)


def truth_of(image: str, name: str) -> np.ndarray:
    labels, _ = exported(SAMPLES / FILES[image].replace("_images", "_labels"))
    if name == "ventricles":
        return labels == 4
    if name in ("liver", "spleen"):
        return labels == ("liver", "spleen").index(name) + 1
    kidneys = measure.regionprops(measure.label(labels == 3))
    first, second = sorted(kidneys, key=lambda each: each.centroid[2])
    chosen = first if name == "right kidney" else second
    return np.isin(measure.label(labels == 3), chosen.label)


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS[NAME], ids=lambda job: job.name)
def test_what_was_exported_after_the_crash_is_the_object(worked, job):
    folder, _ = worked
    labels, _ = exported(folder / EXPORTS[job.image])
    of_image = [each for each in JOBS[NAME] if each.image == job.image]
    mask = labels == of_image.index(job) + 1
    assert dice(mask, truth_of(job.image, job.name)) >= LEAST_DICE


@pytest.mark.slow
def test_it_lies_where_the_image_lies(worked):
    folder, _ = worked
    for image in {job.image for job in JOBS[NAME]}:
        _, place = exported(folder / EXPORTS[image])
        _, expected = exported(SAMPLES / FILES[image])
        np.testing.assert_allclose(place, expected, atol=1e-3)


@pytest.mark.slow
def test_few_prompts_were_needed_and_the_lock_outlived_the_crash(worked):
    _, told = worked
    values = [each for each in told if isinstance(each, dict)]
    assert next(each["prompts"] for each in values if "prompts" in each) <= MOST_PROMPTS
    assert next(each["locked"] for each in values if "locked" in each) == [1]
