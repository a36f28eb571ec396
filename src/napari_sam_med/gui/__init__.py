"""The napari docks: the only Qt, magicgui and napari in the package.

``docks`` builds and connects, ``bridge`` brings answers of the model thread to the Qt
thread, ``layers`` is the one border between napari's layers and our values, and
``views`` are widgets that speak in signals and are told in setters.
"""
