from napari_sam_med.gui.shared.last_folder import begin_in, keep_folder


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
