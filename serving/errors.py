"""What can go wrong in serving, as seen by whoever calls this package.

The command line turns `BadInputError` into one line and exit code 2, and `ServingError` into one line and
exit code 1. Errors that travel over the wire are `status.RequestError`.
"""


class BadInputError(ValueError):
    """The user's input is wrong: a path, an address, a port, a model name. The message says what to do."""


class ServingError(RuntimeError):
    """The input was fine but the work failed: a model that does not load, a server that does not answer."""


class ModelLoadError(ServingError):
    """A version directory could not be loaded or warmed up."""


class ServerUnreachableError(ServingError):
    """No server answers at the address."""
