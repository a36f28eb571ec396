"""Objects in whole volumes: which slices are prompted, how, and how good the answer is.

``sam2-medical`` prompts a slice or three and lets the model find the rest;
``cvpr25-3d`` draws a box on the middle slice and clicks five times.
"""
