"""The packages of the extra `video`, loaded when they are first needed."""

import importlib
from types import ModuleType

from serving.errors import BadInputError

_PACKAGES = {"av": "PyAV", "cv2": "OpenCV", "numpy": "numpy"}


def load(module: str) -> ModuleType:
    """A module of the extra.

    Raises:
        BadInputError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise BadInputError(
            f"videos need {_PACKAGES[module]}, which cannot be imported ({error}): "
            "pip install 'deepfake-inspector[video]'"
        ) from error
