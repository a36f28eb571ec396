"""SAM 2.1 and MedSAM2: pictures, and objects followed through slices.

The networks are those of the package transformers (extra ``video``), which takes
seconds to import: only `sam2_architecture` and `slice_memory` do so, when they run.
"""
