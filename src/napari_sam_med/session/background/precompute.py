"""Embeddings of a whole image ahead of time, one slice a step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_sam_med.core.slice_view import EmbeddedSlice
from napari_sam_med.session.background.embeddings import EmbeddingKey
from napari_sam_med.session.background.messages import PrecomputeStep

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_sam_med.core.embedding import Embedding
    from napari_sam_med.core.ports import Segmenter
    from napari_sam_med.core.prompts import Prompts
    from napari_sam_med.session.background.embeddings import EmbeddingCache
    from napari_sam_med.session.background.messages import Precompute, Prefetch


SLOWEST_S = 1.0
"""A click waits for the slice in work. That is worth it where the next slice would take
as long, not for encoders that take many seconds."""
FULL = "the memory set aside for embeddings is full"


def order_from(first: int, count: int) -> list[int]:
    """List slices from one outward: itself, next, previous, next but one, ...

    Parameters
    ----------
    first : int
        Slice to begin with.
    count : int
        Number of slices; those outside 0 to ``count - 1`` are left out.

    Examples
    --------
    >>> order_from(1, 5)
    [1, 2, 0, 3, 4]
    """
    return sorted(range(count), key=lambda index: (abs(index - first), index < first))


def precompute_steps(
    job: Precompute, model: Segmenter, cache: EmbeddingCache
) -> Generator[PrecomputeStep, None, None]:
    """Embed the slices that the cache lacks, nearest to the shown one first.

    Parameters
    ----------
    job : Precompute
        Which image, and which slice to begin with.
    model : Segmenter
        Embeds.
    cache : EmbeddingCache
        Takes the embeddings; it ends rather than push nearer slices out of it.

    Yields
    ------
    PrecomputeStep
        After each slice; a model that encodes several images together embeds as many
        before their steps come.

    Raises
    ------
    ImageError
        If a slice holds NaN or infinite voxels.
    """
    plane = job.plane
    count = job.image.volume.shape_zyx[plane.axis]
    wanted = range(count) if job.slices is None else job.slices
    order = [each for each in order_from(plane.index, count) if each in wanted]
    at_once = model.images_at_once
    seconds, embedded, done = 0.0, 0, 0
    for start in range(0, len(order), at_once):
        some = order[start : start + at_once]
        views = [job.image.view(replace(plane, index=index)) for index in some]
        keys = [EmbeddingKey.of(view, model) for view in views]
        fresh = {
            key: view
            for key, view in zip(keys, views, strict=True)
            if cache.find(view, model) is None
        }
        seen = EmbeddedSlice.of_many(model, list(fresh.values()))
        new = dict(zip(fresh, seen, strict=True))
        for key in keys:
            done, stopped = done + 1, ""
            if key in new:
                cache.keep(fresh[key], model, new[key].embedding)
                seconds += new.pop(key).seconds
                embedded += 1
                room = cache.has_room_like(seen[0].embedding)
                stopped = "" if room else FULL
            left = (len(order) - done) * seconds / max(embedded, 1)
            yield PrecomputeStep(job.generation, done, len(order), left, stopped)
            if stopped:
                return


@dataclass(slots=True, eq=False)
class LookedAhead:
    """The last correction whose crops were embedded, and what they were kept with."""

    correction: Prompts | None = None
    embedding: Embedding | None = None


def prefetch_steps(
    job: Prefetch, model: Segmenter, cache: EmbeddingCache, last: LookedAhead
) -> Generator[None, None, None]:
    """Embed a slice, crops of it and its neighbours, where memory has room for more.

    Parameters
    ----------
    job : Prefetch
        Which image, and which slice is shown.
    model : Segmenter
        Embeds.
    cache : EmbeddingCache
        Takes the embeddings.
    last : LookedAhead
        What need not be asked again; it is brought up to date.

    Yields
    ------
    None
        After each slice, and after its crops.

    Raises
    ------
    ImageError
        If a slice holds NaN or infinite voxels.
    """
    plane = job.plane
    count = job.image.volume.shape_zyx[plane.axis]
    looks_at_crops = model.info.crop_refinement != "off"
    for index in order_from(plane.index, count)[: 1 + 2 * job.around]:
        view = job.image.view(replace(plane, index=index))
        embedding = cache.find(view, model)
        if embedding is None:
            embedding = EmbeddedSlice.of(model, view).embedding
            cache.keep(view, model, embedding)
        if not cache.has_room_like(embedding):
            return
        yield
        if index != plane.index or job.correction is None or not looks_at_crops:
            continue
        if last.correction is not job.correction or last.embedding is not embedding:
            EmbeddedSlice(model, view.grid, embedding).predict(job.correction)
            last.correction, last.embedding = job.correction, embedding
            yield
