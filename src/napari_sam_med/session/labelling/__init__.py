"""Changes of label arrays: what may be written, and how it is taken back.

``write_rules`` says which voxels an object may take, ``label_edits`` keeps what a
change replaced, packed.
"""
