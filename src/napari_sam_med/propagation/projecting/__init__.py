"""Projection: each slice prompted from where the object is expected on it.

``slice_projection`` goes from slice to slice: ``expected_outline`` says where the
object should be, ``frame_answers`` asks the model, ``appearance`` compares looks, and
``slice_step`` weighs the three.
"""
