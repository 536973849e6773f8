"""A bound on a slice that is not made is refused before anything is trained."""

import pytest

from components.settings import Bound, EvaluatorSettings
from pipeline.errors import ConfigError
from pipeline.slice_bounds import check_slice_bounds


def _settings(where: str | None) -> EvaluatorSettings:
    bounds = (Bound(metric="auc", at_least=0.6), Bound(metric="recall_fake", slice=where, at_least=0.1))
    return EvaluatorSettings(slices=("source", "method"), bounds=bounds)


@pytest.mark.parametrize("where", [None, "method=stylegan", "camera=a phone", "slice/size=big"])
def test_what_is_sliced_by_may_be_bound(where):
    check_slice_bounds(_settings(where), ["camera", "size"])


def test_what_is_not_is_named_with_what_is():
    with pytest.raises(ConfigError) as caught:
        check_slice_bounds(_settings("metod=stylegan"), ["camera"])
    assert str(caught.value) == (
        "evaluation.bounds.1.slice: expected a slice by source, method, camera, received 'metod=stylegan'"
    )
