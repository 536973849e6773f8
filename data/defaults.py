"""Defaults of an import that the command line and the configuration show, too; importing them costs nothing."""

#: How well a cue may tell the label before it counts as a shortcut; see :mod:`data.audit.shortcuts`.
MAX_CUE_AUC = 0.75

#: The same of how well it may tell synthetic images from those they were made of.
MAX_SYNTHETIC_CUE_AUC = 0.65

#: What share of the images may be unusable.
MAX_QUARANTINED_SHARE = 0.05

#: How much of its own size a face's box is widened by on each side, as face crops usually are.
MARGIN = 0.3
