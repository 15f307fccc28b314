"""The predicted removal rate as an ONNX file that any host can run, checked against what fabwatch says before it is given.

It stands for one moment: what the next run of each group would be told, by its log. The file needs nothing beside it; names,
groups and moment are written into it.
"""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from fabwatch.cmp.rate_model import CLIP, FAR, FEW
from fabwatch.cmp.rate_replay import Key, Standing, Walk
from fabwatch.cmp.removal import METHOD, statements, walked
from fabwatch.cmp.runs import LogRun
from fabwatch.store.view import View
from fabwatch.terms.clock import iso
from fabwatch.terms.errors import ExtraMissing, ParityFailed
from fabwatch.terms.polishing import RateModel
from fabwatch.terms.version import VERSION

OPSET, ML_OPSET, IR = 20, 3, 9
CLOSE = 1e-9
"""How far apart, as a share, the file and fabwatch may be."""
TRIED_WITHOUT = 25
"""Runs that are tried with each feature missing in turn."""
SEPARATOR = "\x1f"
NOWHERE = ("no such tool", "no such stage", "no such chamber")
OUTPUTS = ("predicted", "low", "high", "trusted")
EXPLAINED = (
    "Removal rate of the next run of each group. Inputs: tool, stage, chamber (text, empty where there is none), features "
    "(double, in the order of the metadata 'features', NaN where missing). Outputs: predicted, low, high (NaN for a group "
    "that is not known), trusted (false for a group with too few results, or a log unlike those before)."
)


def export(view: View, tool: str | None) -> RateModel:
    """The model of a moment. Raises NothingRecorded, ExtraMissing without onnx and onnxruntime, ParityFailed."""
    lake, as_of = view.lake, view.as_of
    walk = walked(lake, as_of, tool)
    walk.finish(as_of)
    names = walk.runs[0].names
    about = {
        "as_of": iso(as_of) or "",
        "coverage": f"{walk.coverage:g}",
        "features": json.dumps(names),
        "groups": json.dumps(walk.keys),
        "method": METHOD,
        "snapshot": str(view.snapshot),
    }
    content = _built(walk, len(names), about)
    rows, largest = _compared(walk, content)
    header = view.header(f"{EXPLAINED} {METHOD}", statements())
    known = tuple(" ".join(part for part in key if part) for key in walk.keys)
    return RateModel(*header, content, known, names, walk.coverage, rows, largest)


def _libraries() -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
    except ImportError as missing:
        raise ExtraMissing(f"The export needs the package {missing.name}.") from None
    return onnx, onnxruntime


def _group(key: Key) -> str:
    return SEPARATOR.join(part or "" for part in key)


def _tables(walk: Walk, width: int) -> dict[str, np.ndarray]:
    """What each group stands at, a row a group, and a last row for groups that are not known."""
    unknown = Standing(np.nan, np.zeros(width), np.zeros(width), np.zeros(width), None, False)
    rows = [walk.standing(key) or unknown for key in walk.keys] + [unknown]
    scales = np.array([row.scale for row in rows])
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(scales > 0, 1 / scales, 0.0)
    return {
        "level": np.array([row.level for row in rows]),
        "half": np.array([np.nan if row.half is None else row.half for row in rows]),
        "enough": np.array([row.enough for row in rows]),
        "slopes": np.array([row.slopes for row in rows]),
        "middle": np.array([row.middle for row in rows]),
        "each": each,
    }


def _nodes(make: Any, walk: Walk, tables: Iterable[str]) -> list[Any]:
    """The steps from tool, stage, chamber and features to what is told."""
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
            keys_strings=[_group(key) for key in walk.keys],
            values_int64s=list(range(len(walk.keys))),
            default_int64=len(walk.keys),
        ),
        *(make.make_node("Gather", [name, "row"], [f"its_{name}"]) for name in tables),
        make.make_node("Sub", ["features", "its_middle"], ["off"]),
        make.make_node("Mul", ["off", "its_each"], ["departed"]),
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


def _built(walk: Walk, width: int, about: dict[str, str]) -> bytes:
    onnx, _ = _libraries()
    make, kinds = onnx.helper, onnx.TensorProto
    tables = _tables(walk, width)
    fixed = {
        **tables,
        "zero": np.zeros(1),
        "least": np.array(-CLIP),
        "most": np.array(CLIP),
        "far": np.array([FAR]),
        "across": np.array([1], np.int64),
    }
    nodes = _nodes(make, walk, tables)
    numbers = [onnx.numpy_helper.from_array(value, name) for name, value in fixed.items()]
    separator = make.make_tensor("separator", kinds.STRING, [1], [SEPARATOR.encode()])
    given = [make.make_tensor_value_info(name, kinds.STRING, ["N"]) for name in ("tool", "stage", "chamber")]
    given.append(make.make_tensor_value_info("features", kinds.DOUBLE, ["N", width]))
    told = [make.make_tensor_value_info(name, kinds.DOUBLE, ["N"]) for name in OUTPUTS[:3]]
    told.append(make.make_tensor_value_info("trusted", kinds.BOOL, ["N"]))
    graph = make.make_graph(nodes, "removal_rate", given, told, [*numbers, separator], doc_string=EXPLAINED)
    opsets = [make.make_opsetid("", OPSET), make.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = make.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="fabwatch", producer_version=VERSION)
    model.doc_string = EXPLAINED
    make.set_model_props(model, about)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _compared(walk: Walk, content: bytes) -> tuple[int, float]:
    """How many rows were told alike by the file and by fabwatch, and the largest difference as a share.

    Runs as they were, with each feature missing, with all missing, and groups that nobody knows. Raises ParityFailed.
    """
    rows = [(run.group, run.features) for run in walk.runs]
    for run in walk.runs[-TRIED_WITHOUT:]:
        rows += [(run.group, _without(run, n)) for n in range(len(run.names))]
    rows += [(key, np.full(len(walk.runs[0].names), np.nan)) for key in walk.keys]
    rows += [(NOWHERE, run.features) for run in walk.runs[:TRIED_WITHOUT]]
    wanted = np.array([_told(walk, key, features) for key, features in rows])
    got = _run(content, rows)
    alike = np.isnan(wanted) == np.isnan(got)
    with np.errstate(invalid="ignore"):
        off = np.nan_to_num(np.abs(got - wanted) / np.maximum(np.abs(wanted), 1e-300))
    off[wanted == got] = 0.0
    if not alike.all() or off.max() > CLOSE:
        bad = int((~alike | (off > CLOSE)).any(axis=1).sum())
        raise ParityFailed(f"The exported model says something else for {bad:,} of {len(rows):,} rows; it is not given.")
    return len(rows), float(off.max())


def _without(run: LogRun, n: int) -> np.ndarray:
    features = run.features.copy()
    features[n] = np.nan
    return features


def _told(walk: Walk, key: Key, features: np.ndarray) -> list[float]:
    """What fabwatch itself says of a run: predicted, low, high, trusted."""
    if key not in walk.keys:
        return [np.nan, np.nan, np.nan, 0.0]
    told = walk.next(key, features)
    alike = bool(np.all(np.abs(np.nan_to_num(told.departure)) <= FAR))
    numbers = [np.nan if value is None else value for value in (told.guess, told.low, told.high)]
    return [*numbers, float(alike and walk.results(key) >= FEW)]


def _run(content: bytes, rows: list[tuple[Key, np.ndarray]]) -> np.ndarray:
    _, runtime = _libraries()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    given: dict[str, np.ndarray] = {
        name: np.array([key[n] or "" for key, _ in rows], object) for n, name in enumerate(("tool", "stage", "chamber"))
    }
    given["features"] = np.array([features for _, features in rows])
    return np.array(session.run(list(OUTPUTS), given), float).T
