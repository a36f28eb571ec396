"""Training of the bundled model on synthetic scenes of our own.

A scene is a pure function of its seed, a batch a pure function of (seed, step), so
that a run that was killed goes on exactly where its last checkpoint stood.
"""
