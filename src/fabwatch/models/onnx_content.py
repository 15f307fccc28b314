"""What an ONNX file holds, read by its own form before anything runs it: operators that we write, and all data within.

onnxruntime runs what it is given: operators of other makers, and numbers that lie in other files of its working folder. The
form is that of Protocol Buffers: each field has a number, a wire type and a value (ONNX IR specification, onnx.proto).
"""

from collections.abc import Collection, Iterator

from fabwatch.terms.errors import BadQuestion

OPERATORS = frozenset(
    (
        *("Add", "Cast", "Clip", "Div", "Identity", "IsNaN", "Mul", "ReduceSum", "Reshape", "Sigmoid", "Softmax", "Sub"),
        *("TreeEnsembleRegressor", "Unsqueeze", "Where"),
    )
)
"""What `graph` writes. None of them holds a graph of its own."""
DOMAINS = (b"", b"ai.onnx", b"ai.onnx.ml")
MODEL_GRAPH, MODEL_OPSET, MODEL_TRAINING, MODEL_FUNCTIONS = 7, 8, 20, 25
GRAPH_NODE, GRAPH_TENSOR, GRAPH_SPARSE = 1, 5, 15
NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS = 5, 10
TENSOR_OUTSIDE, TENSOR_PLACE = 13, 14
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
HINT = "train it again, or bring the file back from a copy"


def check(content: bytes, operators: Collection[str] = OPERATORS) -> None:
    """Raise BadQuestion for other operators or functions, and for data outside of the file."""
    try:
        for number, value in _fields(content):
            if number in (MODEL_FUNCTIONS, MODEL_TRAINING):
                raise _foreign("functions of its own")
            if number == MODEL_OPSET:
                _domain(value, 1)
            elif number == MODEL_GRAPH:
                _graph(value, operators)
    except (IndexError, ValueError, TypeError) as fault:
        raise BadQuestion("The ONNX file is cut or is no ONNX file.", HINT) from fault


def _graph(graph: bytes, operators: Collection[str]) -> None:
    for number, value in _fields(graph):
        if number == GRAPH_SPARSE:
            raise _foreign("sparse tensors")
        if number == GRAPH_TENSOR:
            _tensor(value)
        elif number == GRAPH_NODE:
            _domain(value, NODE_DOMAIN)
            for field, own in _fields(value):
                if field == NODE_OPERATOR and own.decode() not in operators:
                    raise _foreign(f"the operator {own.decode()[:60]}")
                # Trees have a million numbers in their attributes, and data outside has its place under this word.
                if field == NODE_ATTRIBUTE and b"location" in own:
                    for kind, part in _fields(own):
                        if kind in (ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS):
                            _tensor(part)


def _domain(message: bytes, place: int) -> None:
    for number, value in _fields(message):
        if number == place and value not in DOMAINS:
            raise _foreign(f"operators of {value.decode()[:60]}")


def _tensor(tensor: bytes) -> None:
    for number, value in _fields(tensor):
        if number == TENSOR_OUTSIDE or (number == TENSOR_PLACE and value != b"\0"):
            raise BadQuestion("The ONNX file takes data from outside of itself, which is never read.", HINT)


def _foreign(what: str) -> BadQuestion:
    return BadQuestion(f"The ONNX file holds {what}, which fabwatch does not write.", HINT)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and value of each field. Raises IndexError and ValueError where the bytes are none."""
    at = 0
    while at < len(message):
        mark, at = _varint(message, at)
        kind = mark & 7
        if kind == BYTES:
            length, at = _varint(message, at)
        elif kind == VARINT:
            _, end = _varint(message, at)
            length = end - at
        else:
            length = {EIGHT: 8, FOUR: 4}[kind] if kind in (EIGHT, FOUR) else -1
        if length < 0 or at + length > len(message):
            raise ValueError(f"no field at byte {at}")
        yield mark >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place after it."""
    value = 0
    for place in range(10):
        byte = message[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError(f"no number at byte {at}")
