"""A slice as a model sees it, and a model that has seen it.

The one chain from voxels to a model's answer and back: window, square pixels, embed,
prompts, predict, masks on the slice's own pixels. Whoever prompts (viewer, session
file, command line, benchmark) goes through here.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_sam_med.core.planes import SquareGrid
from napari_sam_med.core.volumes import check_finite
from napari_sam_med.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.candidates import Candidates
    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.planes import SlicePlane
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.core.volumes import Volume
    from napari_sam_med.core.windows import MaximumScaling, Window


@dataclass(frozen=True, slots=True, eq=False)
class SliceView:
    """One slice of a volume through a window; ``of`` takes it out of a volume.

    Parameters
    ----------
    pixels : (H, W) or (H, W, 3) number
        The slice in the image's own unit, not copied; uint8 for colour.
    plane : SlicePlane
        Where it lies; its spacing decides about square pixels.
    window : Window, MaximumScaling or None
        How intensities become 8-bit grey; None for colour, which stays as it is.
    name : str
        What to call the image in messages.
    """

    pixels: npt.NDArray[np.generic]
    plane: SlicePlane
    window: Window | MaximumScaling | None
    name: str = ""

    @classmethod
    def of(
        cls, volume: Volume, plane: SlicePlane, window: Window | MaximumScaling | None
    ) -> SliceView:
        """Look at one slice of a volume.

        Parameters
        ----------
        volume : Volume
            Voxels (Z, Y, X), or (Z, Y, X, 3) uint8 for colour.
        plane, window
            See the class.

        Raises
        ------
        ImageError
            If the volume has no such slice.
        """
        return cls(plane.take(volume.array), plane, window, volume.name)

    @property
    def shape_hw(self) -> tuple[int, int]:
        """Height and width, in pixels of the slice."""
        height, width = self.pixels.shape[:2]
        return (height, width)

    @property
    def grid(self) -> SquareGrid:
        """The way between the slice's pixels and the model's square ones."""
        return SquareGrid.of(self.shape_hw, self.plane.spacing_rc)

    @property
    def key(self) -> str:
        """Hash of all that decides what the model sees: voxels, spacing and window.

        Voxels that change in place give another key, so that an embedding of the older
        ones is never used for them.
        """
        pixels = np.ascontiguousarray(self.pixels)
        described = (
            pixels.shape,
            str(pixels.dtype),
            self.plane.spacing_rc,
            self.window,
        )
        digest = hashlib.blake2b(repr(described).encode(), digest_size=16)
        digest.update(pixels.data)
        return digest.hexdigest()

    def image(self) -> npt.NDArray[np.uint8]:
        """Map the slice through the window.

        Returns
        -------
        (H, W) or (H, W, 3) uint8
            As a person sees it, in the slice's own pixels.

        Raises
        ------
        ImageError
            If it holds NaN or infinite voxels.
        """
        raw = np.asarray(self.pixels)
        name = self.name or "the image"
        check_finite(raw, f"slice {self.plane.index} of {name}")
        if self.window is None:
            return np.ascontiguousarray(raw, dtype=np.uint8)
        return self.window.apply(raw)

    def model_image(self) -> npt.NDArray[np.uint8]:
        """Map the slice through the window and resample it to square pixels.

        Returns
        -------
        (H', W') or (H', W', 3) uint8
            What a model is given.

        Raises
        ------
        ImageError
            As ``image``.
        """
        return self.grid.image_to_square(self.image())


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedSlice:
    """A model that has seen a slice; prompts and masks are in the slice's own pixels.

    Parameters
    ----------
    model : Segmenter
        Answers.
    grid : SquareGrid
        The way between the slice's pixels and the model's.
    embedding : Embedding
        What ``model`` made of the slice.
    seconds : float
        Time that the embedding took; 0 if it was there already.
    """

    model: Segmenter
    grid: SquareGrid
    embedding: Embedding
    seconds: float = 0.0

    @classmethod
    def of(cls, model: Segmenter, view: SliceView) -> EmbeddedSlice:
        """Show a slice to a model.

        Parameters
        ----------
        model : Segmenter
            Embeds the slice.
        view : SliceView
            The slice.

        Raises
        ------
        ImageError
            As ``SliceView.image``.
        """
        start = time.perf_counter()
        embedding = model.embed(view.model_image())
        return cls(model, view.grid, embedding, time.perf_counter() - start)

    @classmethod
    def of_many(cls, model: Segmenter, views: Sequence[SliceView]) -> list[Self]:
        """Show several slices to a model, which may encode them together.

        Parameters
        ----------
        model : Segmenter
            Embeds the slices.
        views : sequence of SliceView
            The slices.

        Returns
        -------
        list of EmbeddedSlice
            In the order of ``views``; each took an equal part of the time.

        Raises
        ------
        ImageError
            As ``SliceView.image``.
        """
        start = time.perf_counter()
        embeddings = model.embed_many([view.model_image() for view in views])
        each = (time.perf_counter() - start) / max(1, len(views))
        return [
            cls(model, view.grid, embedding, each)
            for view, embedding in zip(views, embeddings, strict=True)
        ]

    def predict(self, prompts: Prompts) -> Candidates:
        """Answer prompts about one object.

        Parameters
        ----------
        prompts : Prompts
            In pixels of the slice.

        Returns
        -------
        Candidates
            Masks (K, H, W) on the slice's pixels, with the request in ``prompts``.

        Raises
        ------
        PromptError
            If the prompts lie outside the slice.
        ModelError
            If the model does not accept prompts of this kind.
        """
        prompts.check_inside(self.grid.shape_hw)
        moved = self.grid.prompts_to_square(prompts)
        return self._in_place(self.model.predict(self.embedding, moved), prompts)

    @property
    def takes_masks(self) -> bool:
        """Whether ``logits_of`` gives what the model takes."""
        return self.model.mask_grid(self.grid.square_hw) is not None

    def logits_of(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Turn a mask into the logits that the model takes as an earlier answer.

        Parameters
        ----------
        mask : (H, W) bool
            On the slice's pixels.

        Returns
        -------
        (h, w) float32
            For ``Prompts.mask_logits``.

        Raises
        ------
        ModelError
            If the model takes no masks.
        """
        taken = self.model.mask_grid(self.grid.square_hw)
        if taken is None:
            msg = (
                f"{self.model.name} takes no mask to start from; give it points or a "
                "box, or choose another model"
            )
            raise ModelError(msg)
        return taken.logits_from(self.grid.mask_to_square(mask))

    def predict_many(self, prompts: Sequence[Prompts]) -> list[Candidates]:
        """Answer prompts about several objects in one batch; see ``predict``."""
        for each in prompts:
            each.check_inside(self.grid.shape_hw)
        moved = [self.grid.prompts_to_square(each) for each in prompts]
        answers = self.model.predict_many(self.embedding, moved)
        return [
            self._in_place(answer, each)
            for answer, each in zip(answers, prompts, strict=True)
        ]

    def _in_place(self, answer: Candidates, prompts: Prompts) -> Candidates:
        return replace(self.grid.candidates_to_slice(answer), prompts=prompts)
