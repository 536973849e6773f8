"""Edits by OmniGen: the same face with another expression, or in another light.

* ``maker.py`` (start here) is the maker; ``prompt_sets.py`` reads what the model is told, from ``prompts/``;
* ``geometry.py`` brings an image to sizes that the model has, and back; ``weights.py`` finds and names its weights;
* ``worker.py`` holds the model, in a process of its own under a Python of its own (``make setup-omnigen``), because
  PyTorch does not fit TFX's pins; ``worker_process.py`` starts it and talks to it.

What may not live here: PyTorch, outside of ``worker.py``; in return, that file imports nothing of this project.
"""
