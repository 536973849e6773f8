"""What the Evaluator extracts from an example besides TFMA's own: the slices it belongs to.

A synthetic image belongs to the slice of its method and to no other. TFMA puts every image into the slice of all, so
the others are taken from it again; the overall numbers, and what is blessed by them, are those of originals.

TFX finds `custom_extractors` by the import path of this module, the Evaluator's `module_path`. (TFMA's own way to
slice by something computed is SQL, which TFX 1.21 can no longer run.)
"""

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.extractors import slice_key_extractor
from tfx_bsl.tfxio import tensor_adapter

from components.evaluator.slices import METHOD_SLICE, slice_values
from data import example

_STAGE, _SYNTHETIC_STAGE = "ExtractSliceValues", "TakeSyntheticImagesFromOtherSlices"
_SYNTHETIC_KEY = "_synthetic"


def custom_extractors(
    eval_shared_model: tfma.types.MaybeMultipleEvalSharedModels,
    eval_config: tfma.EvalConfig,
    tensor_adapter_config: tensor_adapter.TensorAdapterConfig | None,
) -> list[tfma.extractors.Extractor]:
    """TFMA's own extractors, with ours before the one that reads the slices off the features.

    Args:
        eval_shared_model: as TFX gives it; likewise the others.
        eval_config: slices by what `components.evaluator.slices` gives.
        tensor_adapter_config: None without a schema.
    """
    extractors = tfma.default_extractors(
        eval_shared_model=eval_shared_model,
        eval_config=eval_config,
        tensor_adapter_config=tensor_adapter_config,
    )
    stages = [extractor.stage_name for extractor in extractors]
    slicing = stages.index(slice_key_extractor.SLICE_KEY_EXTRACTOR_STAGE_NAME)
    ours = tfma.extractors.Extractor(stage_name=_STAGE, ptransform=beam.Map(_with_slice_values))
    # Under the name of TFMA's own, which is where its metrics look for slices.
    of_slices = tfma.extractors.Extractor(
        stage_name=stages[slicing],
        ptransform=extractors[slicing].ptransform | _SYNTHETIC_STAGE >> beam.Map(_with_own_slice_alone),
    )
    return [*extractors[:slicing], ours, of_slices, *extractors[slicing + 1 :]]


def _with_slice_values(extracts: tfma.Extracts) -> tfma.Extracts:
    record = example.decode(bytes(np.asarray(extracts[tfma.INPUT_KEY]).item()))
    features = {key: np.array([value.encode()], object) for key, value in slice_values(record).items()}
    # Nothing after this looks at the image again: its bytes need not travel on.
    return {key: value for key, value in extracts.items() if key != tfma.INPUT_KEY} | {
        tfma.FEATURES_KEY: features,
        _SYNTHETIC_KEY: record.synthetic is not None,
    }


def _with_own_slice_alone(extracts: tfma.Extracts) -> tfma.Extracts:
    kept = {key: value for key, value in extracts.items() if key != _SYNTHETIC_KEY}
    if extracts[_SYNTHETIC_KEY]:
        slices = extracts[tfma.SLICE_KEY_TYPES_KEY]
        is_own = [[column for column, _ in one] == [METHOD_SLICE] for one in slices]
        kept[tfma.SLICE_KEY_TYPES_KEY] = slices[np.array(is_own, bool)]
    return kept
