"""The embedded server in the place of TensorFlow Serving's binary: `python -m serving.model_server --port=8500 …`.

Takes `tensorflow_model_server`'s own flags, and listens, as that does, on all addresses.
"""

import os
import sys

from serving.config.flags import parse
from serving.errors import BadInputError, ServingError

_BAD_INPUT, _FAILED = 2, 1


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    try:
        flags = parse(
            sys.argv[1:] if arguments is None else arguments,
            on_change=lambda name, status: _say(f"model {name}: {status}"),
        )
        for note in flags.notes:
            _say(f"note: {note}")
        # Imports TensorFlow, which takes seconds: --help and a wrong flag must not.
        from serving.serve_forever import serve_forever

        serve_forever(flags.models, flags.options, models_file=flags.models_file, announce=_say)
    except BadInputError as error:
        _say(f"Failed to start server. Error: {error}")
        return _BAD_INPUT
    except ServingError as error:
        _say(f"Failed: {error}")
        return _FAILED
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    code = main()
    # Threads of TensorFlow and gRPC have nothing left to do, and may take seconds to see it.
    sys.stderr.flush()
    os._exit(code)
