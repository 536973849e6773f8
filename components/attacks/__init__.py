"""White-box attacks on a detector: images changed by a little, in the direction that its own gradient gives.

What lives here knows a model by its logits alone. Nothing here decides what is trained, scored or reported.
"""
