"""An ONNX file that was looked through and is ready to run: the one way in which files of the registry are opened."""

from collections.abc import Collection
from typing import Any

from fabwatch.models import onnx_content
from fabwatch.terms.errors import BadQuestion


def session_of(content: bytes, operators: Collection[str] = onnx_content.OPERATORS) -> Any:
    """A session of onnxruntime over a file with these operators alone. Raises BadQuestion for one that is not ours."""
    import onnxruntime

    onnx_content.check(content, operators)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as fault:
        why = " ".join(str(fault).split())[:160]
        raise BadQuestion(f"The ONNX file cannot be run: {why}", onnx_content.HINT) from fault
