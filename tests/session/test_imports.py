import subprocess
import sys


def test_importing_the_session_loads_neither_qt_nor_napari_nor_torch():
    code = (
        "import sys, napari_sam_med.session.prompt_session,"
        "napari_sam_med.session.background.services,"
        "napari_sam_med.session.background.model_client, napari_sam_med.session.replay;"
        "print([m for m in ('qtpy','napari','torch','SimpleITK','dask')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
