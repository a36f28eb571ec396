"""What a person does with a model on slices, without a window on the screen.

``PromptSession`` owns the state: which slice is shown, the prompts of the current
object with their history, and the candidates. ``ModelThread`` owns the model: it loads,
embeds and predicts on the one thread that does so. Between them only values travel:
requests down, answers up, each answer with the generation of its request, so that a
late one is dropped. Neither Qt, napari nor torch is imported here.
"""
