"""What all models with a network have in common, and what none may be asked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from napari_sam_med.core.embedding import Embedding
from napari_sam_med.core.ports import Segmenter
from napari_sam_med.core.prompts import check_prompts, is_other
from napari_sam_med.errors import ModelError, PromptError
from napari_sam_med.models.weight_files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import torch

    from napari_sam_med.core.ports import Capabilities
    from napari_sam_med.core.prompts import Prompts


class NetworkSegmenter(Segmenter):
    """A segmenter with a network: its name, the file of its weights, where it runs.

    Nothing but ``sha256`` and ``info`` hashes the file, which takes seconds if it is
    large.

    Parameters
    ----------
    name : str
        Name under which results are stored.
    weights : Path or None
        The file that the weights came from.
    device : torch.device
        Where the network runs.
    """

    def __init__(self, name: str, weights: Path | None, device: torch.device) -> None:
        self._name = name
        self._weights = weights
        self._device = device

    @property
    def name(self) -> str:
        """Name under which results are stored."""
        return self._name

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the weights' file in hexadecimal; empty if there was none."""
        return sha256_of(self._weights) if self._weights else ""

    @property
    def device(self) -> str:
        """Where the network runs, such as ``cpu`` or ``cuda``."""
        return str(self._device)


def check_own(name: str, embedding: Embedding, prompts: Sequence[Prompts] = ()) -> None:
    """Refuse an embedding that another model made, and what is no question at all.

    Parameters
    ----------
    name : str
        The name of the model that is asked.
    embedding : Embedding
        What it is given.
    prompts : sequence of Prompts
        What it is asked.

    Raises
    ------
    PromptError
        If there are other things among the prompts.
    ModelError
        If the embedding is another model's, or none.
    """
    if is_other(embedding, Embedding):
        msg = (
            f"a {type(embedding).__name__} where an embedding is asked for; give what "
            f"embed of {name} gave for the image"
        )
        raise ModelError(msg)
    check_prompts(prompts)
    if embedding.model != name:
        msg = (
            f"the embedding was made by {embedding.model} and {name} was asked; embed "
            "the image with the model that answers"
        )
        raise ModelError(msg)


def check_capable(name: str, capabilities: Capabilities, prompts: Prompts) -> None:
    """Refuse kinds of prompt that a model has never seen in training.

    Parameters
    ----------
    name : str
        The model's, for the message.
    capabilities : Capabilities
        What it has learned.
    prompts : Prompts
        What it is asked.

    Raises
    ------
    ModelError
        If there is a point, a box or a mask that the model was not trained on.
    """
    asked = {
        "point": (len(prompts.points_rc) > 0, capabilities.points),
        "box": (prompts.box_rc is not None, capabilities.boxes),
        "mask": (prompts.mask_logits is not None, capabilities.masks),
    }
    strange = [kind for kind, (used, known) in asked.items() if used and not known]
    if strange:
        known = [kind for kind, (_, is_known) in asked.items() if is_known]
        msg = (
            f"{name} does not accept {' or '.join(strange)} prompts (it was trained "
            f"without them); give {' or '.join(known)} prompts, or choose another model"
        )
        raise ModelError(msg)


def check_logits(name: str, prompts: Prompts, *wanted_hw: tuple[int, ...]) -> None:
    """Refuse the logits of an earlier answer that are of another size.

    Parameters
    ----------
    name : str
        The model's, for the message.
    prompts : Prompts
        What it is asked.
    *wanted_hw : (height, width)
        Sizes of the logits that the model answers with.

    Raises
    ------
    PromptError
        If they are of none of these sizes.
    """
    logits = prompts.mask_logits
    if logits is not None and logits.shape not in wanted_hw:
        sizes = " or ".join(str(each) for each in dict.fromkeys(wanted_hw))
        msg = (
            f"mask logits of shape {logits.shape}; give {name} the {sizes} logits of "
            "one of its own candidates"
        )
        raise PromptError(msg)
