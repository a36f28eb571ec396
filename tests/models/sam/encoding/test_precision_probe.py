"""When bfloat16 is taken by itself: measured once, remembered on disk."""

from __future__ import annotations

import json

import pytest

from napari_sam_med.models.sam.encoding.precision_probe import (
    MEMORY,
    bfloat16_pays,
    measured_seconds,
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("half", "pays"), [(0.2, True), (0.79, True), (0.9, False)])
def test_half_precision_is_taken_where_it_saves_a_fifth(half, pays):
    assert bfloat16_pays(lambda: {"fp32": 1.0, "bf16": half}) is pays


def test_what_was_measured_is_remembered_and_not_measured_again(cache):
    calls = []

    def measure():
        calls.append(1)
        return {"fp32": 1.0, "bf16": 0.3}

    assert bfloat16_pays(measure)
    assert bfloat16_pays(measure)
    assert len(calls) == 1
    (seconds,) = json.loads((cache / MEMORY).read_text("utf-8")).values()
    assert seconds == {"fp32": 1.0, "bf16": 0.3}


@pytest.mark.parametrize("text", ["", "[]", '{"x": 1}', "\x00", '{"x": {"fp32": "a"}}'])
def test_a_damaged_memory_is_measured_anew(cache, text):
    (cache / MEMORY).write_text(text, "utf-8")
    assert bfloat16_pays(lambda: {"fp32": 1.0, "bf16": 0.3})


def test_a_folder_that_cannot_be_written_costs_only_the_memory(cache, monkeypatch):
    (cache / "file").write_text("", "utf-8")
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(cache / "file" / "below"))
    assert bfloat16_pays(lambda: {"fp32": 1.0, "bf16": 0.3})


@pytest.mark.slow
def test_both_precisions_are_timed():
    assert all(seconds > 0 for seconds in measured_seconds().values())
