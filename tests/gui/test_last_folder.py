import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from fakes.fake_shelf import FakeShelf
from fakes.prompts_desk import PromptsDesk
from napari_sam_med.errors import FileExistsAlreadyError
from napari_sam_med.gui.benchmark.result_actions import ask_csv_path
from napari_sam_med.gui.shared.last_folder import begin_in, keep_folder
from napari_sam_med.session.replay import load_records

GLANCE_MS = 20
BEFORE = "the work of yesterday"


@pytest.fixture
def desk(make_napari_viewer, qtbot, tmp_path, monkeypatch):
    """A dock with one accepted mask."""
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path / "cache"))
    desk = PromptsDesk(make_napari_viewer(), qtbot, FakeShelf())
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates()
    desk.key(Qt.Key.Key_Return)
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(5)


def type_into_the_dialog(name) -> None:
    """Type a name once a dialog is open, and confirm."""
    dialog = QApplication.activeModalWidget()
    if not isinstance(dialog, QFileDialog):
        QTimer.singleShot(GLANCE_MS, lambda: type_into_the_dialog(name))
        return
    field = dialog.findChild(QLineEdit, "fileNameEdit")
    field.setText(str(name))
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_a_dialog_begins_in_the_folder_of_the_last_file(tmp_path):
    keep_folder("labels", str(tmp_path / "old.nii.gz"))
    assert begin_in("labels", "new.nrrd") == str(tmp_path / "new.nrrd")
    assert begin_in("labels") == str(tmp_path)


def test_a_folder_that_was_chosen_is_kept_itself(tmp_path):
    keep_folder("run", str(tmp_path))
    assert begin_in("run") == str(tmp_path)


def test_a_dialog_that_was_left_changes_nothing(tmp_path):
    keep_folder("weights", str(tmp_path / "a.pth"))
    keep_folder("weights", "")
    assert begin_in("weights") == str(tmp_path)


def test_a_folder_that_is_gone_is_not_begun_in(tmp_path):
    keep_folder("prompts", str(tmp_path / "gone" / "a.json"))
    assert begin_in("prompts", "b.json") == "b.json"


@pytest.mark.parametrize("what", ["session", "prompts"])
def test_a_file_that_the_dialog_has_not_asked_about_is_not_replaced(
    desk, tmp_path, what
):
    button = {"session": desk.view.session.save, "prompts": desk.view.outputs.save}
    path = tmp_path / "patient.json"
    path.write_text(BEFORE)
    type_into_the_dialog(tmp_path / "patient")
    desk.press(button[what])
    desk.qtbot.waitUntil(lambda: f"{path} exists already" in desk.told)
    assert path.read_text() == BEFORE
    assert not (tmp_path / "patient").exists()
    type_into_the_dialog(tmp_path / "patient.7")
    desk.press(button[what])
    desk.qtbot.waitUntil(lambda: "Saved" in desk.told)
    assert len(load_records(tmp_path / "patient.7.json")) == 1


def test_results_replace_no_table_that_the_dialog_has_not_asked_about(qtbot, tmp_path):
    parent, path = QWidget(), tmp_path / "table.csv"
    qtbot.addWidget(parent)
    type_into_the_dialog(tmp_path / "table")
    assert ask_csv_path(parent) == str(path)
    path.write_text(BEFORE)
    type_into_the_dialog(tmp_path / "table")
    with pytest.raises(FileExistsAlreadyError, match=r"table\.csv exists already"):
        ask_csv_path(parent)
