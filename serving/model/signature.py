"""One signature of a model: which request it accepts, and which tensors that request feeds and fetches.

The messages are TensorFlow Serving's (`predict_util.cc`), since clients match on them. What it leaves to the
graph
and we check here are shapes: a session does not enforce those of its placeholders, and would score a tensor
of the wrong size.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.model.tensorflow_runtime import tf
from serving.model.tensors import dtype_name, to_array
from serving.status import invalid


class Signature:
    """Checks requests against a SignatureDef.

    Args:
        definition: the SignatureDef as the SavedModel holds it.
        graph: the graph the SavedModel was loaded into.
    """

    def __init__(self, definition: meta_graph_pb2.SignatureDef, graph: tf.Graph):
        self.definition = definition
        self._inputs = dict(sorted(definition.inputs.items()))
        self._feeds = {alias: graph.get_tensor_by_name(info.name) for alias, info in self._inputs.items()}
        self._fetches = {
            alias: graph.get_tensor_by_name(info.name) for alias, info in sorted(definition.outputs.items())
        }

    def feeds(self, sent: Mapping[str, tensor_pb2.TensorProto]) -> dict[tf.Tensor, np.ndarray]:
        """The feed of a session run.

        Args:
            sent: the inputs of the request by alias.

        Raises:
            RequestError: INVALID_ARGUMENT when an input is missing, unknown, malformed, or of another dtype
                or shape than the signature's.
        """
        self._check_aliases(sent)
        feeds = {}
        for position, (alias, expected) in enumerate(self._inputs.items()):
            try:
                array = to_array(sent[alias])
            except ValueError as error:
                raise invalid(f"tensor parsing error: {alias}") from error
            if sent[alias].dtype != expected.dtype:
                raise invalid(
                    f"Expects arg[{position}] to be {dtype_name(expected.dtype)} "
                    f"but {dtype_name(sent[alias].dtype)} is provided"
                )
            shape = tf.TensorShape(expected.tensor_shape)
            if not shape.is_compatible_with(array.shape):
                raise invalid(
                    f"input {alias} expects shape {_shown(shape)} "
                    f"but {_shown(tf.TensorShape(array.shape))} is provided"
                )
            feeds[self._feeds[alias]] = array
        return feeds

    def feeds_of(self, value: np.ndarray) -> dict[tf.Tensor, np.ndarray]:
        """The feed of a session run with the value of the one input, already checked."""
        [tensor] = self._feeds.values()
        return {tensor: value}

    def fetches(self, output_filter: Iterable[str] = ()) -> dict[str, tf.Tensor]:
        """The tensors to fetch by alias: those in the filter, or all when it is empty.

        Raises:
            RequestError: INVALID_ARGUMENT when the filter names an output that is not there, or one twice.
        """
        chosen: dict[str, tf.Tensor] = {}
        for alias in output_filter:
            if alias not in self._fetches:
                raise invalid(
                    f"output tensor alias not found in signature: {alias} "
                    f"Outputs expected to be in the set {_set(self._fetches)}."
                )
            if alias in chosen:
                raise invalid(f"duplicate output tensor alias: {alias}")
            chosen[alias] = self._fetches[alias]
        return chosen or self._fetches

    def _check_aliases(self, sent: Mapping[str, tensor_pb2.TensorProto]) -> None:
        if len(sent) != len(self._inputs):
            raise invalid(
                f"input size does not match signature: {len(sent)}!={len(self._inputs)} "
                f"len({_set(sent)}) != len({_set(self._inputs)}). "
                f"Sent extra: {_set(sent.keys() - self._inputs.keys())}. "
                f"Missing but required: {_set(self._inputs.keys() - sent.keys())}."
            )
        for alias in sorted(sent):
            if alias not in self._inputs:
                raise invalid(
                    f"input tensor alias not found in signature: {alias}. "
                    f"Inputs expected to be in the set {_set(self._inputs)}."
                )


def _set(aliases: Iterable[str]) -> str:
    return "{" + ",".join(sorted(aliases)) + "}"


def _shown(shape: tf.TensorShape) -> str:
    if shape.rank is None:
        return "<unknown>"
    return "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"
