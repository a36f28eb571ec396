"""What a careful user would prompt, computed from the truth: numbers in, prompts out.

No model and no file is known here. Random choices among equals are made by a function
that the caller passes, so that a profile decides where its randomness comes from.
"""
