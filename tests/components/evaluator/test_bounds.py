"""Each bound becomes a threshold of TFMA, on its slice alone and on the side where the measure is worse."""

import pytest
from google.protobuf import text_format

from components.evaluator.bounds import slice_thresholds
from components.settings import Bound


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (
            {"metric": "auc", "at_least": 0.8, "max_drop": 0.01},
            """
            slicing_specs {}
            threshold {
              value_threshold { lower_bound { value: 0.8 } }
              change_threshold { absolute { value: -0.01 } direction: HIGHER_IS_BETTER }
            }""",
        ),
        (
            {"metric": "false_positive_rate", "slice": "source=a=b", "at_most": 0.1, "max_rise": 0.02},
            """
            slicing_specs { feature_values { key: "source" value: "a=b" } }
            threshold {
              value_threshold { upper_bound { value: 0.1 } }
              change_threshold { absolute { value: 0.02 } direction: LOWER_IS_BETTER }
            }""",
        ),
        (
            {"metric": "recall_fake", "slice": "method=(empty)", "at_least": 0.5},
            """
            slicing_specs { feature_values { key: "method" value: "" } }
            threshold { value_threshold { lower_bound { value: 0.5 } } }""",
        ),
    ],
)
def test_a_bound_as_tfma_reads_it(bound, expected):
    [threshold] = slice_thresholds([Bound(**bound)])
    assert threshold == text_format.Parse(expected, type(threshold)())
