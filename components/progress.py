"""How far a long step has come, told through the log: whoever runs the step may show it."""

import logging

PROGRESS = "Progress: %s"
"""Format of the log records of `tell`; their one argument is the text."""

_log = logging.getLogger("absl")


def tell(text: str) -> None:
    """Logs one line of progress, for example `stage all, epoch 2 of 6: val_auc 0.912`."""
    _log.info(PROGRESS, text)
