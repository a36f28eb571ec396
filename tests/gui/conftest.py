"""What every viewer of these tests would pay again, paid once, and what several share.

What is paid once is not what a test is about: the same plugins are found, the same
settings hold.
"""

from __future__ import annotations

import gc

import pytest
from napari.settings import get_settings
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest

from fakes.patient_bot import PatientBot
from napari_sam_med.gui.docks import shared_looks


@pytest.fixture(autouse=True, scope="session")
def _settings_stay_in_memory():
    """Let napari not write its settings whenever a viewer is built and reset."""
    settings = get_settings()
    path, settings.config_path = settings.config_path, None
    yield
    settings.config_path = path


@pytest.fixture(autouse=True, scope="session")
def _plugins_are_read_once():
    """Read the manifests of the installed plugins for the first viewer only.

    They are the same for the next one; reading their YAML is a third of the time in
    which a viewer is built.
    """
    found = []
    discover = PluginManifest.discover

    def discover_once(paths=()):
        if not found:
            found.extend(discover(paths))
        return iter(found)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PluginManifest, "discover", staticmethod(discover_once))
        yield


@pytest.fixture(autouse=True, scope="module")
def _old_objects_are_not_walked_again():
    """Leave what is alive between two files out of later collections of garbage.

    napari imports much of itself with the first viewer, and leaves some thousand
    objects of each viewer behind.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _choices_are_remembered_for_one_test(tmp_path_factory, monkeypatch):
    """Let no dock begin with what another test has chosen."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture(autouse=True)
def _what_is_said_of_objects_is_said_in_one_test():
    """Let docks share what is said of objects with those of their own test only."""
    shared_looks.cache_clear()


@pytest.fixture
def qtbot(qapp, request):
    """pytest-qt's, for napari's viewers too; whether a machine is slow is no test."""
    return PatientBot(request)


@pytest.fixture
def capture_notes():
    """What is told beside the dock, from now on."""
    told: list[str] = []

    def note(notification) -> None:
        told.append(str(notification.message))

    notification_manager.notification_ready.connect(note)
    yield told
    notification_manager.notification_ready.disconnect(note)
