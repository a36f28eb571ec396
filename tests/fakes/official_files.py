"""Stand-in checkpoints in the layouts in which the authors publish theirs."""

from __future__ import annotations

import sys
import types
from contextlib import contextmanager

import torch

from fakes import golden_clickers, golden_sam
from fakes.golden_weights import golden_state_dict, read_manifest, read_overrides

FOLDERS = {
    "ritm_h18": "ritm_hrnet18",
    "ritm_h32": "ritm_hrnet32",
    "simpleclick_vit_b": "simpleclick_vit_b",
    "cfr_icl_vit_h": "simpleclick_icl_vit_h",
    "focalclick_b0_s1": "focalclick_segformer_b0_s1",
    "focalclick_b3_s2": "focalclick_segformer_b3_s2",
}
ISEGM_LOSS = "isegm.model.modeling.transformer_helper.cross_entropy_loss"


def golden_click_state(name):
    """State dict of a click model, by its card's name."""
    folder = golden_clickers.small_folder(FOLDERS[name])
    overrides = read_overrides(folder / "overrides.npz")
    return golden_state_dict(read_manifest(folder / "manifest.json"), overrides)


@contextmanager
def isegm_loss():
    """The loss that SimpleClick's files pickle, importable under its name within."""
    parts = ISEGM_LOSS.split(".")
    names = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    sys.modules.update({name: types.ModuleType(name) for name in names})
    module = sys.modules[ISEGM_LOSS]

    class CrossEntropyLoss(torch.nn.Module):
        pass

    module.CrossEntropyLoss = CrossEntropyLoss
    module.cross_entropy = lambda: None
    for name in ("CrossEntropyLoss", "cross_entropy"):
        getattr(module, name).__module__ = ISEGM_LOSS
        getattr(module, name).__qualname__ = name
    loss = CrossEntropyLoss()
    loss.cls_criterion = module.cross_entropy
    try:
        yield loss
    finally:
        for name in names:
            del sys.modules[name]


def write_official(name, path):
    """Write the file of a card's name as its authors lay it out."""
    if name == "mobile_sam":
        torch.save(golden_sam.golden_state("mobile_sam_vit_t"), path)
        return path
    state, config = golden_click_state(name), {"class": "isegm.x", "params": {}}
    if not name.startswith(("simpleclick", "cfr_icl")):
        torch.save({"state_dict": state, "config": config}, path)
        return path
    with isegm_loss() as loss:
        config["params"]["head_params"] = {"value": {"loss_decode": loss}}
        torch.save({"state_dict": state, "config": config}, path)
    return path
