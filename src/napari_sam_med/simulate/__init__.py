"""What a careful user would prompt, computed from the truth: numbers in, prompts out.

``modes`` prompts once, ``clicks`` corrects click by click, ``point_grids`` asks for
everything, ``perturbation`` moves a prompt; they stand on the ``distance_maps`` and the
connected ``components`` of a mask. No model and no file is known here. Draws among
equals are made by a function that the caller passes (``rng`` builds them), so that a
profile decides where its randomness comes from.
"""
