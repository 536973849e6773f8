"""What can be wrong with one video; the others go on."""


class VideoError(ValueError):
    """A video that gives no frames, or not all of them. The message says why."""
