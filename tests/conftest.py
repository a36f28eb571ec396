"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import gc
import os

import pytest


def pytest_collection_finish():
    """Leave what was imported out of every later collection of garbage.

    napari collects whenever a layer goes and at the end of each viewer; with torch
    and napari imported, each time walks a million objects that never go.
    """
    gc.collect()
    gc.freeze()


def pytest_unconfigure():
    """Let the end of the process free everything, as without these tests."""
    gc.unfreeze()


@pytest.fixture(autouse=True, scope="session")
def _no_plugin_store(tmp_path_factory):
    """Keep checkpoints and settings of the person who runs the tests out of them."""
    folders = {
        "NAPARI_SAM_MED_CACHE": str(tmp_path_factory.mktemp("cache")),
        "XDG_CONFIG_HOME": str(tmp_path_factory.mktemp("config")),
    }
    before = {name: os.environ.get(name) for name in folders}
    os.environ.update(folders)
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
