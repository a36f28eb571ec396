"""What a person does with a model on slices, without a window on the screen.

``PromptSession`` owns the state: which slice is shown, the prompts of the current
object with their history, and the candidates. ``ModelService`` owns the models of the
process and the one thread on which they run; a ``ModelClient`` is one user of it.
Between them only values travel: requests down, answers up, each answer with the
generation of its request, so that a late one is dropped.

Every thread is a ``SerialWorker``. There are three (``Services``): for models, for
files, for downloads; each runs while somebody uses it. Neither Qt, napari nor torch is
imported here. ``background`` holds the threads, the rest is state.
"""
