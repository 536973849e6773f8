"""The versions that a report tells: of what ran, of what trained the model, and of its code and data."""

from collections.abc import Mapping
from typing import Any

_OF_TRAINING = {"tensorflow": "TensorFlow", "keras": "Keras", "tfx": "TFX"}


def versions_told(
    ran_with: Mapping[str, str] | None, facts: Mapping[str, Any], data: str | None
) -> dict[str, str]:
    """Versions by name.

    Args:
        ran_with: of the libraries of the run, by name; None where they are not known.
        facts: of the model it trained or took from the cache, from `detector.json`.
        data: names the content of the records; None where that is not known.
    """
    trained_with = {_OF_TRAINING.get(name, name): version for name, version in facts["versions"].items()}
    versions = dict(trained_with if ran_with is None else ran_with)
    # Of a model from the cache: what trained it is not what ran now.
    versions |= {
        f"{name} of the training": version
        for name, version in trained_with.items()
        if versions.get(name) != version
    }
    versions["code of the training"] = facts["source_hash"]
    if "trained_on" in facts:
        versions["trained on"] = facts["trained_on"]
    if data:
        versions["data"] = data
    return versions
