"""The baseline where there is no ML Metadata to ask: the newest pushed version that is not the candidate itself.

Open-source Kubeflow Pipelines has no Resolver, so `components.latest_blessed` cannot run there. Only a model that was
blessed and passed the serving check is pushed: what lies in the Pusher's base path is what a Resolver would find.
"""

import os

from tfx import types
from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.io import fileio
from tfx.utils import io_utils, path_utils

from components.pushed_versions import GRAPH_FILE, calibrated_from, pushed_versions, weights_digest

NODE_ID = "LatestBlessed"
"""The same as of the Resolver, so that a run reads alike on every runner."""


@tfx.dsl.components.component
def LatestPushed(  # noqa: N802 - a TFX component is named like a class
    candidate: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    model: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
    # Base path of the served model: local, or any that TFX's fileio knows.
    push_to: tfx.dsl.components.Parameter[str],
):
    """Copies the baseline into `model`, which stays empty when there is none.

    It reads what no input tells of: the runner must not take it from its cache.
    """
    newest = newest_other(push_to, path_utils.serving_model_path(candidate.uri))
    if newest:
        # A copy: versions may be deleted while the Evaluator reads.
        io_utils.copy_dir(newest, path_utils.serving_model_dir(model.uri))


def latest_pushed(candidate: types.BaseChannel, push_to: object) -> BaseNode:
    """The node whose output `model` is the baseline for a candidate.

    Args:
        candidate: the Trainer's `model` output.
        push_to: base path of the served model: text, or a RuntimeParameter.
    """
    return LatestPushed(candidate=candidate, push_to=push_to).with_id(NODE_ID)


def newest_other(base: str, candidate: str) -> str | None:
    """The newest version below a base path with other weights than the candidate's.

    What `calibrate` made of a version that is still there is passed over, as a Resolver knows nothing of it.

    Args:
        base: base path of a served model; need not exist.
        candidate: folder of a SavedModel.

    Returns:
        The folder of the version; None when there is none.
    """
    weights = weights_digest(candidate)
    versions = pushed_versions(base)
    for folder in versions:
        origin = calibrated_from(folder)
        if origin and os.path.join(base, origin) in versions:
            continue
        if weights_digest(folder) != weights:
            return folder
    return None


def has_model(uri: str) -> bool:
    """Whether a Model artifact holds a model for serving."""
    return fileio.exists(os.path.join(path_utils.serving_model_dir(uri), GRAPH_FILE))
