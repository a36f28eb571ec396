"""Keys of the docks on napari's layers and viewer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
    """

    def __init__(self, keys: Mapping[str, Callable[[], None]] | None = None) -> None:
        self._actions: dict[str, Callable[[Layer | ViewerModel], None]] = {}
        self._bound: list[tuple[KeymapProvider, dict[str, Any]]] = []
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
        replaced = {
            key: provider.bind_key(key, action, overwrite=True)
            for key, action in self._actions.items()
        }
        self._bound.append((provider, replaced))

    def unbind(self, provider: KeymapProvider) -> None:
        """Give a layer or the viewer its own keys back."""
        for each, replaced in self._bound:
            if each is provider:
                for key, action in replaced.items():
                    provider.bind_key(key, action, overwrite=True)
        self._bound = [pair for pair in self._bound if pair[0] is not provider]

    def close(self) -> None:
        """Unbind everywhere."""
        for provider, _ in list(self._bound):
            self.unbind(provider)


def _ignoring_parent(do: Callable[[], None]) -> Callable[[Layer | ViewerModel], None]:
    def act(_parent: Layer | ViewerModel) -> None:
        """Bound key: napari gives the layer or viewer, which is of no concern."""
        do()

    return act


class FollowedKeys:
    """Keys on one layer at a time."""

    def __init__(self) -> None:
        self._keys = KeyBindings()
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
