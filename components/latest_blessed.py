"""The baseline: the latest blessed model that is not the candidate itself."""

import ml_metadata as mlmd
from tfx import types
from tfx import v1 as tfx
from tfx.dsl.components.common.resolver import ResolverStrategy

_MODEL, _BLESSING, _CANDIDATE = "model", "model_blessing", "candidate"


class LatestOtherBlessedModel(ResolverStrategy):
    """Picks the newest blessed model other than the candidate; none when there is no such model.

    TFX's own strategy would, on a second identical run, compare the model that came from cache with itself, and
    thereby evaluate and push it again.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Resolves `model`, `model_blessing` and `candidate`; called by TFX.

        Args:
            store: unused.
            input_dict: all models and blessings of the pipeline, and the candidate of this run.

        Returns:
            The same keys, with at most one model and its blessing.
        """
        candidates = {artifact.id for artifact in input_dict[_CANDIDATE]}
        blessings = {
            blessing.get_int_custom_property("current_model_id"): blessing
            for blessing in input_dict[_BLESSING]
            if blessing.get_int_custom_property("blessed") == 1
        }
        blessed = [model for model in input_dict[_MODEL] if model.id in blessings.keys() - candidates]
        latest = max(blessed, key=lambda model: model.id, default=None)
        return {
            _MODEL: [] if latest is None else [latest],
            _BLESSING: [] if latest is None else [blessings[latest.id]],
            _CANDIDATE: input_dict[_CANDIDATE],
        }


def latest_blessed(candidate: types.BaseChannel) -> tfx.dsl.Resolver:
    """The node whose output `model` is the baseline for a candidate.

    Args:
        candidate: the Trainer's `model` output.
    """
    return tfx.dsl.Resolver(
        strategy_class=LatestOtherBlessedModel,
        model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=tfx.types.standard_artifacts.ModelBlessing),
        candidate=candidate,
    ).with_id("LatestBlessed")
