"""The napari docks: the only Qt, magicgui and napari in the package.

``docks`` builds and connects, ``dock_life`` tells when one is closed and opened again,
``bridge`` brings answers of other threads to the Qt thread, ``napari_io`` is the one
border between napari's layers and our values, and ``views`` are widgets that speak in
signals and are told in setters.
"""
