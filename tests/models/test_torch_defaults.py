"""Models answer the same whatever a program has set for its own networks."""

import os
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread

import numpy as np
import pytest
import torch

from napari_sam_med.core.prompts import Prompts
from napari_sam_med.models import load_model
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.torch_defaults import as_torch_begins
from napari_sam_med.models.weights.stand_ins import stand_in_state, write_stand_ins

NAMES = ("nano", "mobile_sam", "ritm_h18", "focalclick_b0_s1")


@contextmanager
def doubles():
    torch.set_default_dtype(torch.float64)
    try:
        yield
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def halves():
    with torch.autocast("cpu", torch.bfloat16):
        yield
        assert torch.is_autocast_enabled("cpu")


@contextmanager
def nowhere():
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


@pytest.fixture(scope="module", params=NAMES)
def weights(request, tmp_path_factory):
    """Name of a model, and a file of weights if it needs one."""
    name = request.param
    if name == "nano":
        return name, None
    path = tmp_path_factory.mktemp("weights") / f"{name}.safetensors"
    write_stand_ins(stand_in_state(card_of(name)), path)
    return name, path


def answers(model):
    image = np.random.default_rng(0).integers(0, 180, (60, 80), np.uint8)
    image[20:40, 30:60] += 60
    embedding = model.embed(image)
    first = model.predict(embedding, Prompts([(30, 45)], [1]))
    second = Prompts([(30, 45), (5, 5)], [1, 0], mask_logits=first.logits[0])
    found = (first, *model.predict_many(embedding, [second]))
    return [part for each in found for part in (each.masks, each.scores, each.logits)]


@pytest.mark.parametrize("setting", [doubles, halves, nowhere])
def test_what_is_set_elsewhere_changes_no_answer(weights, setting):
    name, path = weights
    before = load_model(name, checkpoint=path, device="cpu")
    expected = answers(before)
    with setting():
        loaded = load_model(name, checkpoint=path, device="cpu")
        found = [answers(model) for model in (before, loaded)]
    for each in found:
        for one, other in zip(each, expected, strict=True):
            assert one.dtype == other.dtype
            assert np.array_equal(one, other)


def test_stand_ins_are_of_the_type_of_the_published_weights():
    state = stand_in_state(card_of("ritm_h18"))
    with doubles():
        again = stand_in_state(card_of("ritm_h18"))
    assert {k: v.dtype for k, v in again.items()} == {
        k: v.dtype for k, v in state.items()
    }


def test_of_two_threads_the_last_to_go_puts_the_type_back():
    seen = []

    def second():
        with as_torch_begins():
            seen.append(torch.get_default_dtype())

    with doubles():
        with as_torch_begins():
            thread = Thread(target=second)
            thread.start()
            thread.join()
            seen.append(torch.get_default_dtype())
        seen.append(torch.get_default_dtype())
    assert seen == [torch.float32, torch.float32, torch.float64]


FORKING = """
import os, signal
import numpy as np, torch
from napari_sam_med import Prompts, load_model

torch.set_num_threads(2)
model = load_model("nano", device="cpu")
embedding = model.embed(np.zeros((256, 256), np.uint8))
if not os.fork():
    signal.alarm(60)
    model.predict(embedding, Prompts([(100, 100)], [1]))
    os._exit(7)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_a_forked_process_answers():
    made = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, check=True
    )
    assert made.stdout == "7\n"
