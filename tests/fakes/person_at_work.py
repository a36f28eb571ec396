"""The real program with a person at it.

``python -m fakes.person_at_work work JOBS`` segments what JOBS names (see ``JOBS``),
and waits to be killed; ``python -m fakes.person_at_work finish JOBS FOLDER`` takes the
work up again and exports it. The person knows the anatomy: the samples' truth says
where boxes are drawn, which is all that is taken from it.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qtpy.QtCore import QAbstractItemModel, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractItemView, QApplication
from skimage import measure

from fakes.person import LostError, Person
from napari_sam_med.gui.opening.readers import read_layers
from napari_sam_med.gui.prompting.views.object_table import LABEL, LOCKED
from napari_sam_med.gui.shared.shown_slice import drawn_at, shown_slice
from napari_sam_med.gui.start import start
from napari_sam_med.session.autosaves import Autosaves
from napari_sam_med.session.replay import load_session

SAMPLES = Path(__file__).parents[2] / "sample_data"
FILES = {"abdomen_0": "ct_images/abdomen_0.nii.gz", "head_0": "mr_images/head_0.nrrd"}
EXPORTS = {"abdomen_0": "abdomen.nii.gz", "head_0": "head.nrrd"}
BEGIN_MS = 200


@dataclass(frozen=True)
class Job:
    """An object, and the slices on which a box is drawn round it."""

    image: str
    view: str
    name: str
    slices: tuple[int, ...]


JOBS = {
    "few": (Job("abdomen_0", "axial", "spleen", (14,)),),
    "all": (
        Job("abdomen_0", "axial", "liver", (7, 10, 13, 15)),
        Job("abdomen_0", "axial", "spleen", (14,)),
        Job("abdomen_0", "axial", "right kidney", (3,)),
        Job("abdomen_0", "axial", "left kidney", (4, 14)),
        Job(
            "head_0",
            "sagittal",
            "ventricles",
            (64, 70, 75, 79, 84, 87, 88, 90, 92, 97, 99, 108),
        ),
    ),
}


def truths(image: str) -> dict[str, np.ndarray]:
    """Objects of a sample by name, in the axes of its layer."""
    path = SAMPLES / FILES[image].replace("_images", "_labels")
    ((labels, _, _),) = read_layers(str(path))
    if image == "head_0":
        return {"ventricles": labels == 4}
    kidneys = measure.label(labels == 3)
    right = kidneys[:, :, : labels.shape[2] // 2].max()
    return {
        "liver": labels == 1,
        "spleen": labels == 2,
        "right kidney": kidneys == right,
        "left kidney": (kidneys > 0) & (kidneys != right),
    }


class PersonAtWork:
    """What a person wants, in terms of slices and organs."""

    def __init__(self, person: Person) -> None:
        self.person, self.view = person, person.view
        self.n_prompts = 0

    def look_at(self, image: str, view: str) -> None:
        images = self.view.source.images
        if images.currentText() != image:
            self.person.choose(images, image)
        self.layer = self.person.viewer.layers[image]
        if not self.view.display.views[view].isChecked():
            self.person.click(self.view.display.views[view])

    @property
    def shown(self):
        return shown_slice(self.person.viewer.dims, self.layer)

    def go_to(self, index: int) -> None:
        for _ in range(500):
            here = self.shown.index
            if here == index:
                return
            self.person.press(Qt.Key.Key_Right if index > here else Qt.Key.Key_Left)
        msg = f"no key leads to slice {index}, but to {self.shown}"
        raise LostError(msg)

    def drawn(self, *places_rc: tuple[float, float]) -> np.ndarray:
        shown = self.shown
        voxels = np.insert(np.array(places_rc, float), shown.axis, shown.index, axis=1)
        return drawn_at(self.person.viewer.dims, self.layer, voxels)

    def box(self, truth: np.ndarray) -> None:
        """Draw a box on the slice that is seen, and accept what comes."""
        shown = self.shown
        rows, cols = np.nonzero(np.take(truth, shown.index, shown.axis))
        ends = [(rows.min(), cols.min()), (rows.max(), cols.max())]
        self.person.press(Qt.Key.Key_B)
        self.person.drag(self.drawn(*ends))
        self.n_prompts += 1
        self.person.wait(self.view.write.accept.isEnabled, "no mask to accept")
        self.person.wait_for("Accept writes it")
        self.person.press(Qt.Key.Key_Return)
        self.person.wait_for(f"on slice {shown.index}")

    def follow(self) -> None:
        self.person.press(Qt.Key.Key_P)
        self.person.wait(self.view.propagate.accept.isVisible, "no preview")
        self.person.press(Qt.Key.Key_Return)
        self.person.wait_for("Wrote")

    def do(self, job: Job, *, is_next: bool) -> None:
        """Segment one object, and name it."""
        truth = truths(job.image)[job.name]
        self.look_at(job.image, job.view)
        if is_next:
            self.person.press(Qt.Key.Key_N)
            self.person.wait_for("next object")
        for index in job.slices:
            self.go_to(index)
            self.box(truth)
        self.follow()
        tell(f"{job.name}: {self.person.told}")

    def row_of(self, label: int) -> int:
        rows = self.view.objects.rows
        return [row.label for row in rows].index(label)

    def lock(self, label: int) -> None:
        """Tick it in the table, and see that nothing is written into it any more."""
        table = self.view.objects.table
        self.person.click_on_tick(table, self.row_of(label), LOCKED)
        self.person.wait_for(f"Label {label} is locked")

    def take_up(self, label: int) -> None:
        self.person.click_on_cell(self.view.objects.table, self.row_of(label), LABEL)
        self.person.wait(lambda: self.view.write.label.value() == label, "other label")

    def review(self, truth: np.ndarray) -> None:
        """Put a box round the object on its slice of lowest score."""
        self.person.press(Qt.Key.Key_V)
        self.person.wait_for("to review")
        tell(self.person.told)
        self.box(truth)

    def paint(self, truth: np.ndarray, index: int) -> None:
        """Paint the object's middle on a slice, with napari's brush."""
        self.go_to(index)
        line = self._line_of(f"{self.layer.name} segmentation")
        self.person.click_on_line(*line)
        self.person.press(Qt.Key.Key_2)
        rows, cols = np.nonzero(np.take(truth, index, self.shown.axis))
        middle = (rows.mean(), cols.mean())
        self.person.drag(self.drawn(middle, (middle[0], middle[1] + 2)))
        self.person.wait_for("Drew")
        tell(self.person.told)
        self.person.click(self.view.tools.buttons["include"])

    def _line_of(self, name: str) -> tuple[QAbstractItemView, object]:
        """Find a layer in napari's list."""
        for view in self.person.window.findChildren(QAbstractItemView):
            model = view.model()
            if not isinstance(model, QAbstractItemModel) or not view.isVisible():
                continue
            for row in range(model.rowCount()):
                if model.index(row, 0).data() == name:
                    return view, model.index(row, 0)
        msg = f"no list names {name}"
        raise LostError(msg)

    def go_on_with_kept_work(self, image: str) -> None:
        self.look_at(image, "axial")
        self.person.wait(self.view.offer.restore.isVisible, f"no offer for {image}")
        tell(self.view.offer.text.text())
        self.person.click(self.view.offer.restore)
        self.person.wait_for("goes on")

    def is_kept(self) -> bool:
        """Whether files hold all masks, and the locks that the table shows."""
        files = [load_session(each)[0] for each in Autosaves().folder.glob("*.json")]
        kept = {each.labels.name: each.labels.array() for each in files if each.labels}
        locked = {row.label for row in self.view.objects.rows if row.is_locked}
        said = {each.label for file in files for each in file.objects if each.is_locked}
        layers = [each for each in self.person.viewer.layers if "segm" in each.name]
        return (
            kept.keys() == {each.name for each in layers}
            and all(np.array_equal(kept[each.name], each.data) for each in layers)
            and locked <= said
        )

    def export(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.person.save_as(self.view.outputs.export, str(path))
        self.person.wait(path.exists, f"{path} is not written; {self.person.told}")
        self.person.wait_for("Saved")


def work(person: Person, jobs: tuple[Job, ...]) -> None:
    """Segment, lock the first object, correct two slices of another."""
    at, before = PersonAtWork(person), ""
    ct = [job for job in jobs if job.image == "abdomen_0"]
    for job in ct:
        at.do(job, is_next=job.image == before)
        before = job.image
    if len(ct) > 1:
        at.lock(1)
    spleen = truths("abdomen_0")["spleen"]
    at.take_up([job.name for job in ct].index("spleen") + 1)
    at.review(spleen)
    at.paint(spleen, 4)
    if len(ct) == 1:
        at.lock(1)
    for job in jobs:  # at once: the last stroke is not kept yet
        if job not in ct:
            at.do(job, is_next=job.image == before)
            before = job.image
    tell({"prompts": at.n_prompts})
    person.wait(at.is_kept, "the work is not kept")
    tell("kill me")
    QTest.qWait(600_000)


def finish(person: Person, jobs: tuple[Job, ...], folder: Path) -> None:
    """Take up what was kept, and export it."""
    at = PersonAtWork(person)
    for image in dict.fromkeys(job.image for job in jobs):
        at.go_on_with_kept_work(image)
        at.person.wait(lambda: len(at.view.objects.rows) > 0, "no objects")
        tell({"locked": [row.label for row in at.view.objects.rows if row.is_locked]})
        at.export(folder / EXPORTS[image])
    tell("exported")


def tell(what: object) -> None:
    """Tell whoever started this."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Start the program, and sit down at it."""
    part, name, *folder = sys.argv[1:]
    jobs = JOBS[name]

    def begin() -> None:
        if not Person.can_begin():
            QTimer.singleShot(BEGIN_MS, begin)
            return
        try:
            if part == "work":
                work(Person(), jobs)
            else:
                finish(Person(), jobs, Path(folder[0]))
        except BaseException:  # noqa: BLE001 - a slot must end the program
            traceback.print_exc()
            picture = os.environ.get("LOST_PICTURE")
            if picture:
                QApplication.primaryScreen().grabWindow(0).save(picture)
            os._exit(1)
        QApplication.closeAllWindows()
        QApplication.quit()

    app = QApplication(sys.argv[:1])
    QTimer.singleShot(BEGIN_MS, begin)
    images = dict.fromkeys(job.image for job in jobs)
    start([str(SAMPLES / FILES[image]) for image in images])
    del app


if __name__ == "__main__":
    main()
