"""Dock "SAM Benchmark": pairs of layers in, a table of results out.

``benchmark_dock`` builds it; ``benchmark_controller`` joins layers, widgets and the
runner, ``result_actions`` answers the results tab; ``benchmark_runner`` has cases
computed on the threads that all docks share; ``layer_pairs`` is the border from layers
to values, ``result_display`` the way back, and ``views`` are the widgets.
"""

from napari_sam_med.gui.benchmark.benchmark_dock import build_benchmark_dock

__all__ = ["build_benchmark_dock"]
