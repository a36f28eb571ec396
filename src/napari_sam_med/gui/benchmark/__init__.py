"""Dock "SAM Benchmark": pairs of layers in, a table of results out.

``dock`` builds it; ``controller`` joins layers, widgets and the runner, ``results``
answers the results tab; ``runner`` has cases computed on the threads that all docks
share; ``pairs`` is the border from layers to values, ``display`` the way back.
"""

from napari_sam_med.gui.benchmark.dock import build_benchmark_dock

__all__ = ["build_benchmark_dock"]
