"""Where labelled volumes come from; what other rooms import, in one place."""

from napari_sam_med.bench.labelled import BadPair, InMemory, LabelledVolume, Source
from napari_sam_med.bench.pairs import PairedFiles

__all__ = ["BadPair", "InMemory", "LabelledVolume", "PairedFiles", "Source"]
