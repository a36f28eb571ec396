"""Fixtures that several rooms' tests share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_plugin_store(tmp_path_factory):
    """Keep checkpoints and settings of the person who runs the tests out of them."""
    before = os.environ.get("NAPARI_SAM_MED_CACHE")
    os.environ["NAPARI_SAM_MED_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["NAPARI_SAM_MED_CACHE"]
    else:
        os.environ["NAPARI_SAM_MED_CACHE"] = before
