"""What a person has set for the docks in napari's own preferences."""

from __future__ import annotations

from dataclasses import dataclass

from napari import settings

PLUGIN = "napari-sam-med"


@dataclass(frozen=True, slots=True)
class Preferences:
    """With what a new dock begins; each is a property of the manifest's configuration.

    Parameters
    ----------
    model : str
        Name of the model that is loaded first; empty for the bundled one.
    accept_on_leaving : bool
        Write the chosen mask when another slice is shown.
    preserve_labels : bool
        Write only where no other label is.
    """

    model: str = ""
    accept_on_leaving: bool = False
    preserve_labels: bool = True


def preferences() -> Preferences:
    """Read them as they are set now.

    Returns
    -------
    Preferences
        Those of the manifest with napari before 0.9, which has none of plugins.
    """
    read = getattr(settings, "get_plugin_settings", None)
    held = {} if read is None else read()
    if PLUGIN not in held:
        return Preferences()
    own = held[PLUGIN].prompts
    return Preferences(own.model, own.accept_on_leaving, own.preserve_labels)
