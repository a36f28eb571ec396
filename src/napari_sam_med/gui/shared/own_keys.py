"""Keys of the docks on napari's layers and viewer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from napari import current_viewer
from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.key_bindings import KeymapProvider


class KeyBindings:
    """Keys on some layers and on the viewer, taken back on ``close``.

    napari asks the active layer before the viewer. Bound to our own layers and the
    image, keys win there over napari's; in a Labels layer the brush keeps its keys.

    Parameters
    ----------
    keys : mapping, optional
        Key in napari's words to what it does; see ``set``.
    is_here : callable, optional
        Whether a key that is pressed now is meant for these, where docks of several
        viewers have bound it on a layer that the viewers share.
    """

    def __init__(
        self,
        keys: Mapping[str, Callable[[], None]] | None = None,
        is_here: Callable[[], bool] = lambda: True,
    ) -> None:
        self.is_here = is_here
        self._actions: dict[str, Callable[[Layer | ViewerModel], None]] = {}
        self._bound: list[tuple[KeymapProvider, tuple[str, ...]]] = []
        self.set(keys or {})

    def set(self, keys: Mapping[str, Callable[[], None]]) -> None:
        """Say which keys there are, before any is bound."""
        self._actions = {key: _ignoring_parent(do) for key, do in keys.items()}

    def change(self, keys: Mapping[str, Callable[[], None]]) -> None:
        """Have other keys from now on, wherever some are bound."""
        providers = [provider for provider, _ in self._bound]
        self.close()
        self.set(keys)
        for provider in providers:
            self.bind(provider)

    def bind(self, provider: KeymapProvider) -> None:
        """Bind all keys; binding twice does no harm."""
        if any(each is provider for each, _ in self._bound):
            return
        for key, action in self._actions.items():
            found = provider.bind_key(key, None, overwrite=True)
            shared = found if isinstance(found, SharedKey) else SharedKey(found)
            shared.actions[self] = action
            provider.bind_key(key, shared, overwrite=True)
        self._bound.append((provider, tuple(self._actions)))

    def unbind(self, provider: KeymapProvider) -> None:
        """Give a layer or the viewer its own keys back."""
        for each, keys in self._bound:
            for key in keys if each is provider else ():
                found = provider.bind_key(key, None, overwrite=True)
                if isinstance(found, SharedKey):
                    found.actions.pop(self, None)
                    found = found if found.actions else found.replaced
                provider.bind_key(key, found, overwrite=True)
        self._bound = [pair for pair in self._bound if pair[0] is not provider]

    def close(self) -> None:
        """Unbind everywhere."""
        for provider, _ in list(self._bound):
            self.unbind(provider)


class SharedKey:
    """A key of a layer, and what it does in each of the viewers that share the layer.

    Parameters
    ----------
    replaced : callable or None
        What the key did before any dock bound it.
    """

    def __init__(self, replaced: Any) -> None:
        self.replaced = replaced
        self.__name__ = "shared_key"  # napari lists what is bound by name
        self.actions: dict[KeyBindings, Callable[[Layer | ViewerModel], None]] = {}

    def __call__(self, parent: Layer | ViewerModel) -> None:
        """Do it in the viewer that a person works in; if in none, in the newest."""
        here = [act for keys, act in self.actions.items() if keys.is_here()]
        (here or list(self.actions.values()))[-1](parent)


def is_current(viewer: ViewerModel) -> bool:
    """Whether a person works in the window of this viewer."""
    return current_viewer() is viewer


def _ignoring_parent(do: Callable[[], None]) -> Callable[[Layer | ViewerModel], None]:
    def act(_parent: Layer | ViewerModel) -> None:
        """Bound key: napari gives the layer or viewer, which is of no concern."""
        do()

    return act


class FollowedKeys:
    """Keys on one layer at a time.

    Parameters
    ----------
    is_here : callable, optional
        As of ``KeyBindings``.
    """

    def __init__(self, is_here: Callable[[], bool] = lambda: True) -> None:
        self._keys = KeyBindings(is_here=is_here)
        self._layer: Layer | None = None

    def set(self, keys: Mapping[str, Callable[[], None]]) -> None:
        """Say which keys there are, before a layer is followed."""
        self._keys.set(keys)

    def change(self, keys: Mapping[str, Callable[[], None]]) -> None:
        """Have other keys from now on."""
        self._keys.change(keys)

    def follow(self, layer: Layer | None) -> None:
        """Bind them on this layer from now on, and no longer on the one before."""
        if layer is self._layer:
            return
        if self._layer is not None:
            self._keys.unbind(self._layer)
        self._layer = layer
        if layer is not None:
            self._keys.bind(layer)
