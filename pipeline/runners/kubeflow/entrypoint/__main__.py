"""Runs one node and ends the process: 0 done, 1 failed, 2 called wrongly, 143 stopped by SIGTERM."""

import logging
import os
import sys
import traceback
from typing import NoReturn

import absl.logging

from components.errors import TrainingStoppedError
from components.trainer.preemption import stops_on_sigterm
from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.entrypoint.settings import EntrypointSettings

_DONE, _FAILED, _CALLED_WRONGLY, _TERMINATED = 0, 1, 2, 143
_KEPT = "what the Trainer has done, where its training folder is on a volume"


def main(arguments: list[str]) -> NoReturn:
    """Runs a node; never returns."""
    # The serving check loads the model in a second process, which must find memory on the same GPU.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    absl.logging.use_absl_handler()
    absl.logging.set_verbosity(absl.logging.INFO)
    _end(_run(arguments))


def _run(arguments: list[str]) -> int:
    try:
        settings = EntrypointSettings.from_environment(os.environ)
        with stops_on_sigterm(lambda: _KEPT):
            # TFX takes seconds to load; a wrong setting is told before.
            from pipeline.runners.kubeflow.entrypoint.running import run_node

            run_node(arguments, settings)
    except ConfigError as error:
        _say(f"Error: {error}")
        return _CALLED_WRONGLY
    except TrainingStoppedError as stop:
        _say(str(stop))
        return _TERMINATED
    except Exception as error:
        traceback.print_exc()
        # The end of a log is what a cluster shows: the cause, in one line, whatever libraries say meanwhile.
        _say(f"Failed: {type(error).__name__}: {' '.join(str(error).split())}")
        return _FAILED
    return _DONE


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _end(code: int) -> NoReturn:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not by returning: after success, gRPC's and Beam's threads sometimes abort the interpreter as it shuts down
    # ("pure virtual method called", kfp-operator#1286), and the node would count as failed.
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
