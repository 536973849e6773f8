"""Which versions of Python and of the libraries run here, as reports and notes of runs name them."""

import importlib.metadata
import platform

_PACKAGES = {
    "DeepFake-Inspector": "deepfake-inspector",
    "TFX": "tfx",
    "TensorFlow": "tensorflow",
    "Keras": "keras",
    "TFMA": "tensorflow-model-analysis",
    "Apache Beam": "apache-beam",
}


def library_versions() -> dict[str, str]:
    """The versions by name, Python first; imports none of the libraries."""
    return {"Python": platform.python_version()} | {
        name: importlib.metadata.version(package) for name, package in _PACKAGES.items()
    }
