"""The Trainer: fine-tunes a detector in stages, calibrates it and exports it once.

`run.run_fn` is what TFX calls; it reads top to bottom as the story of a training. Nothing here chooses where
training runs.
"""
