"""The mistakes a user can make with data, and what can fail all the same."""


class BadInputError(ValueError):
    """The given folder, file or option cannot be used; the message says what to do about it.

    Messages are one or a few lines of the form "expected …, received …, do …" and are shown without a
    traceback.
    """


class MakerError(RuntimeError):
    """A maker of synthetic images failed at its work; what it made before is kept. Shown without a traceback."""
