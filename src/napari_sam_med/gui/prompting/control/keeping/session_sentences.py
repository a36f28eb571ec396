"""What is told of a session that was found or opened."""

from __future__ import annotations

from napari_sam_med.session.autosaves import FoundSession
from napari_sam_med.session.background.messages import Loaded
from napari_sam_med.session.saved_session import SavedSession


def made_otherwise(saved: SavedSession, model: Loaded | None) -> str:
    """Say which other model, or other weights of it, saved work was made with."""
    if not saved.model:
        return ""
    if model is None or saved.model != model.name:
        return f"; it was made with {saved.model}"
    if saved.sha256 and saved.sha256 != model.sha256:
        return f"; it was made with other weights of {saved.model}"
    return ""


def offer_of(found: FoundSession) -> str:
    """Say how much work was kept."""
    session = found.session
    layers = session.layers
    objects = {(w.layer.key, source.label) for w in layers for source in w.sources}
    kept = [
        (len(objects), "object"),
        (sum(len(each.sources) for each in layers), "slice"),
        (session.n_prompts, "prompt"),
    ]
    told = ", ".join(_count(*each) for each in kept if each[0]) or "labels"
    return f"Work on this image of {shown_time(session.saved)} was kept: {told}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def shown_time(time: str) -> str:
    """Write a time for people."""
    return time.replace("T", " ").removesuffix("+00:00") + " UTC"
