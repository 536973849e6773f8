"""Tells whether loading restored every variable that a model's signatures read.

The session loader does not: it loads what `tf.saved_model.save` writes for a Keras 3 model without complaint,
and the first request fails with "Could not find variable" (tensorflow#72963, keras#19274).
"""

from collections.abc import Iterable

from serving.model.tensorflow_runtime import tf


def unrestored_variables(session: tf.compat.v1.Session, outputs: Iterable[tf.Tensor]) -> list[str]:
    """Names of the variables that the outputs depend on and that hold no value, sorted.

    Args:
        session: after the loader; its graph must not be finalized, since the question adds operations to it.
        outputs: tensors of the session's graph.
    """
    handles = [op for op in _ancestors(outputs) if op.type == "VarHandleOp"]
    with session.graph.as_default():
        questions = {_name(op): tf.raw_ops.VarIsInitializedOp(resource=op.outputs[0]) for op in handles}
    return sorted(name for name, has_value in session.run(questions).items() if not has_value)


def _ancestors(outputs: Iterable[tf.Tensor]) -> set[tf.Operation]:
    seen: set[tf.Operation] = set()
    waiting = [tensor.op for tensor in outputs]
    while waiting:
        op = waiting.pop()
        if op not in seen:
            seen.add(op)
            waiting += [tensor.op for tensor in op.inputs]
    return seen


def _name(handle: tf.Operation) -> str:
    return (handle.get_attr("shared_name") or handle.name.encode()).decode()
