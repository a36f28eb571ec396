"""The files of weights: where they lie, how they come, placeholders for them.

``models.weight_files`` is not here: reading models needs it, and all of this needs
models.
"""
