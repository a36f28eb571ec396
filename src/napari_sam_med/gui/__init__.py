"""The napari docks: the only Qt, magicgui and napari in the package.

``docks`` builds and connects, ``dock_life`` tells when one is closed and opened again,
and ``napari_io`` is the one border between napari's layers and our values.
``opening`` has what napari calls to open files, ``labels`` what goes into Labels layers
and out of them, ``prompting`` and ``benchmark`` are the two docks, each with ``views``,
widgets that speak in signals and are told in setters; ``shared`` serves both.
"""
