"""The predicted removal rate as an ONNX file that any host can run, compared with fabwatch before it is handed out.

It holds the model of one moment: the rate of the next run of each group, from its log. The file is self-contained: it holds
names, groups and moment.
"""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from fabwatch.cmp.answers import RateModel
from fabwatch.cmp.rate_model import CLIP, FAR, FEW
from fabwatch.cmp.rate_replay import GroupModel, Key, RateReplay
from fabwatch.cmp.removal import METHOD, replay_of, statements
from fabwatch.cmp.runs import LogRun
from fabwatch.store.view import View
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import ExtraMissing, ParityFailed
from fabwatch.terms.version import VERSION

OPSET, ML_OPSET, IR = 20, 3, 9
CLOSE = 1e-9
"""Largest relative difference allowed between the file and fabwatch."""
TRIED_WITHOUT = 25
"""Runs to compare with each feature missing in turn."""
SEPARATOR = "\x1f"
NOWHERE = ("no such tool", "no such stage", "no such chamber")
OUTPUTS = ("predicted", "low", "high", "trusted")
EXPLAINED = (
    "Removal rate of the next run of each group. Inputs: tool, stage, chamber (text, empty if none), features (double, in "
    "the order of the metadata 'features', NaN where missing). Outputs: predicted, low, high (NaN for an unknown group), "
    "trusted (false for a group with too few results, or a log unlike those before)."
)


def export(view: View, tool: str | None) -> RateModel:
    """The model of a moment. Raises NothingRecorded, ExtraMissing without onnx and onnxruntime, ParityFailed."""
    lake, as_of = view.lake, view.as_of
    replay = replay_of(lake, as_of, tool)
    replay.finish(as_of)
    names = replay.runs[0].names
    about = {
        "as_of": iso(as_of) or "",
        "coverage": f"{replay.coverage:g}",
        "features": json.dumps(names),
        "groups": json.dumps(replay.keys),
        "method": METHOD,
        "snapshot": str(view.snapshot),
    }
    content = _built(replay, len(names), about)
    rows, largest = _compared(replay, content)
    header = view.header(f"{EXPLAINED} {METHOD}", statements())
    known = tuple(" ".join(part for part in key if part) for key in replay.keys)
    return RateModel(*header, content, known, names, replay.coverage, rows, largest)


def _libraries() -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
    except ImportError as missing:
        raise ExtraMissing(f"The export needs the package {missing.name}.") from None
    return onnx, onnxruntime


def _group(key: Key) -> str:
    return SEPARATOR.join(part or "" for part in key)


def _tables(replay: RateReplay, width: int) -> dict[str, np.ndarray]:
    """The model of each group, one row per group, and a last row for unknown groups."""
    unknown = GroupModel(np.nan, np.zeros(width), np.zeros(width), np.zeros(width), None, False)
    rows = [replay.group_model(key) or unknown for key in replay.keys] + [unknown]
    scales = np.array([row.scale for row in rows])
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(scales > 0, 1 / scales, 0.0)
    return {
        "level": np.array([row.level for row in rows]),
        "half": np.array([np.nan if row.half is None else row.half for row in rows]),
        "enough": np.array([row.enough for row in rows]),
        "slopes": np.array([row.slopes for row in rows]),
        "middle": np.array([row.middle for row in rows]),
        "inverse": inverse,
    }


def _nodes(make: Any, replay: RateReplay, tables: Iterable[str]) -> list[Any]:
    """The graph nodes from tool, stage, chamber and features to the outputs."""
    return [
        make.make_node("StringConcat", ["tool", "separator"], ["tool_"]),
        make.make_node("StringConcat", ["tool_", "stage"], ["tool_stage"]),
        make.make_node("StringConcat", ["tool_stage", "separator"], ["tool_stage_"]),
        make.make_node("StringConcat", ["tool_stage_", "chamber"], ["group"]),
        make.make_node(
            "LabelEncoder",
            ["group"],
            ["row"],
            domain="ai.onnx.ml",
            keys_strings=[_group(key) for key in replay.keys],
            values_int64s=list(range(len(replay.keys))),
            default_int64=len(replay.keys),
        ),
        *(make.make_node("Gather", [name, "row"], [f"its_{name}"]) for name in tables),
        make.make_node("Sub", ["features", "its_middle"], ["off"]),
        make.make_node("Mul", ["off", "its_inverse"], ["departed"]),
        make.make_node("IsNaN", ["departed"], ["missing"]),
        make.make_node("Where", ["missing", "zero", "departed"], ["departure"]),
        make.make_node("Clip", ["departure", "least", "most"], ["clipped"]),
        make.make_node("Mul", ["clipped", "its_slopes"], ["weighed"]),
        make.make_node("ReduceSum", ["weighed", "across"], ["by_log"], keepdims=0),
        make.make_node("Add", ["its_level", "by_log"], ["predicted"]),
        make.make_node("Sub", ["predicted", "its_half"], ["low"]),
        make.make_node("Add", ["predicted", "its_half"], ["high"]),
        make.make_node("Abs", ["departure"], ["size"]),
        make.make_node("ReduceMax", ["size", "across"], ["largest"], keepdims=0),
        make.make_node("LessOrEqual", ["largest", "far"], ["alike"]),
        make.make_node("And", ["alike", "its_enough"], ["trusted"]),
    ]


def _built(replay: RateReplay, width: int, about: dict[str, str]) -> bytes:
    onnx, _ = _libraries()
    make, kinds = onnx.helper, onnx.TensorProto
    tables = _tables(replay, width)
    constants = {
        **tables,
        "zero": np.zeros(1),
        "least": np.array(-CLIP),
        "most": np.array(CLIP),
        "far": np.array([FAR]),
        "across": np.array([1], np.int64),
    }
    nodes = _nodes(make, replay, tables)
    numbers = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    separator = make.make_tensor("separator", kinds.STRING, [1], [SEPARATOR.encode()])
    inputs = [make.make_tensor_value_info(name, kinds.STRING, ["N"]) for name in ("tool", "stage", "chamber")]
    inputs.append(make.make_tensor_value_info("features", kinds.DOUBLE, ["N", width]))
    outputs = [make.make_tensor_value_info(name, kinds.DOUBLE, ["N"]) for name in OUTPUTS[:3]]
    outputs.append(make.make_tensor_value_info("trusted", kinds.BOOL, ["N"]))
    graph = make.make_graph(nodes, "removal_rate", inputs, outputs, [*numbers, separator], doc_string=EXPLAINED)
    opsets = [make.make_opsetid("", OPSET), make.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = make.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="fabwatch", producer_version=VERSION)
    model.doc_string = EXPLAINED
    make.set_model_props(model, about)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _compared(replay: RateReplay, content: bytes) -> tuple[int, float]:
    """How many rows the file and fabwatch predict alike, and the largest relative difference.

    Covers runs as recorded, with each feature missing, with all missing, and unknown groups. Raises ParityFailed.
    """
    rows = [(run.group, run.features) for run in replay.runs]
    for run in replay.runs[-TRIED_WITHOUT:]:
        rows += [(run.group, _without(run, n)) for n in range(len(run.names))]
    rows += [(key, np.full(len(replay.runs[0].names), np.nan)) for key in replay.keys]
    rows += [(NOWHERE, run.features) for run in replay.runs[:TRIED_WITHOUT]]
    expected = np.array([_predicted(replay, key, features) for key, features in rows])
    got = _run(content, rows)
    same_missing = np.isnan(expected) == np.isnan(got)
    with np.errstate(invalid="ignore"):
        difference = np.nan_to_num(np.abs(got - expected) / np.maximum(np.abs(expected), 1e-300))
    difference[expected == got] = 0.0
    if not same_missing.all() or difference.max() > CLOSE:
        bad = int((~same_missing | (difference > CLOSE)).any(axis=1).sum())
        raise ParityFailed(
            f"The exported model differs from fabwatch for {bad:,} of {len(rows):,} rows; it is not handed out."
        )
    return len(rows), float(difference.max())


def _without(run: LogRun, n: int) -> np.ndarray:
    features = run.features.copy()
    features[n] = np.nan
    return features


def _predicted(replay: RateReplay, key: Key, features: np.ndarray) -> list[float]:
    """The prediction of fabwatch itself for a run: predicted, low, high, trusted."""
    if key not in replay.keys:
        return [np.nan, np.nan, np.nan, 0.0]
    prediction = replay.next(key, features)
    alike = bool(np.all(np.abs(np.nan_to_num(prediction.departure)) <= FAR))
    numbers = [np.nan if value is None else value for value in (prediction.rate, prediction.low, prediction.high)]
    return [*numbers, float(alike and replay.results(key) >= FEW)]


def _run(content: bytes, rows: list[tuple[Key, np.ndarray]]) -> np.ndarray:
    _, runtime = _libraries()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs: dict[str, np.ndarray] = {
        name: np.array([key[n] or "" for key, _ in rows], object) for n, name in enumerate(("tool", "stage", "chamber"))
    }
    inputs["features"] = np.array([features for _, features in rows])
    return np.array(session.run(list(OUTPUTS), inputs), float).T
