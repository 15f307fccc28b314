"""A file that says anything else than its model, at one level, one edge or one leaf alone, is never kept."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from fabwatch.fab import Fab
from fabwatch.models import training
from fabwatch.models.parity import CLOSE, compared
from fabwatch.models.recipe import LearnerName
from fabwatch.models.registry import Version
from fabwatch.models.schema import Matrix, Rows
from fabwatch.terms.errors import ParityFailed
from tests.models.made_tables import wafers

HOW: dict[str, Any] = {"target": "result", "positive": "FAIL", "minutes": 0.01}
LEARNERS: tuple[LearnerName, ...] = ("linear", "boosted", "trees")
File = onnx.ModelProto
RARE = ("ETCH-08", "ETCH-09")
"""Tools of nine wafers each, of which hardly one is held out."""


def table() -> pd.DataFrame:
    frame = wafers(rows=600).drop(columns=["lot", "time"])
    frame.loc[10:18, "tool"], frame.loc[20:28, "tool"] = RARE
    frame.loc[10:18, "result"], frame.loc[20:28, "result"] = "FAIL", "PASS"
    frame.loc[::9, "pressure"] = np.nan
    return frame


@pytest.fixture(scope="module")
def fab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fab]:
    with Fab(tmp_path_factory.mktemp("parity") / "fab", create=True) as door:
        for learner in LEARNERS:
            door.train_model(table(), name=learner, learner=learner, **HOW)
        yield door


def held_out(version: Version) -> Matrix:
    """The rows on which the version was tried."""
    return version.schema.matrix(Rows.of_frame(table().iloc[version.held_out()["place"]]))


def before(file: File, *nodes: Any) -> None:
    """Put nodes before all others: they take `rows` and give `changed`, which the others take."""
    for node in file.graph.node:
        for place, name in enumerate(node.input):
            if name == "rows":
                node.input[place] = "changed"
    for place, node in enumerate(nodes):
        file.graph.node.insert(place, node)


def constant(file: File, name: str, value: Any) -> str:
    file.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def attribute(file: File, name: str) -> Any:
    """An attribute of the trees of a file."""
    (trees,) = [node for node in file.graph.node if node.op_type == "TreeEnsembleRegressor"]
    (found,) = [one for one in trees.attribute if one.name == name]
    return found


def weights(file: File) -> np.ndarray[Any, Any]:
    return numpy_helper.to_array(attribute(file, "target_weights_as_tensor").t).copy()


def put(file: File, name: str, values: np.ndarray[Any, Any]) -> None:
    attribute(file, name).t.CopyFrom(numpy_helper.from_array(values, name))


def leaves_of_tool(file: File, version: Version) -> list[int]:
    """Places of what the tool adds: missing, unseen, and each level in its order."""
    place = version.schema.names.index("tool")
    return np.flatnonzero(np.array(attribute(file, "target_ids").ints) == place).tolist()


def levels_swapped(file: File, version: Version) -> None:
    """The two rarest levels."""
    levels = version.schema.columns[version.schema.names.index("tool")].levels
    assert set(levels[-2:]) == set(RARE)
    own, leaves = weights(file), leaves_of_tool(file, version)
    one, other = leaves[len(levels)], leaves[len(levels) + 1]
    assert own[one] != own[other]
    own[[one, other]] = own[[other, one]]
    put(file, "target_weights_as_tensor", own)


def leaves_swapped(file: File, version: Version) -> None:
    """The highest and the lowest of what one column, or all trees, add to."""
    own, targets = weights(file), np.array(attribute(file, "target_ids").ints)
    places = np.flatnonzero(targets == targets[-1])
    one, other = places[own[places].argmin()], places[own[places].argmax()]
    own[[one, other]] = own[[other, one]]
    put(file, "target_weights_as_tensor", own)


def leaves_one_off(file: File, version: Version) -> None:
    own = weights(file)
    put(file, "target_weights_as_tensor", np.roll(own, 1))


def last_leaf_as_the_one_before(file: File, version: Version) -> None:
    own = weights(file)
    place = next(n for n in range(len(own) - 1, 0, -1) if abs(own[n] - own[n - 1]) > 1e-3)
    own[place] = own[place - 1]
    put(file, "target_weights_as_tensor", own)


def missing_as_zero(file: File, version: Version) -> None:
    zero = constant(file, "zero", 0.0)
    before(
        file,
        helper.make_node("IsNaN", ["rows"], ["empty"]),
        helper.make_node("Where", ["empty", zero, "rows"], ["changed"]),
    )


def missing_to_the_other_side(file: File, version: Version) -> None:
    sides = attribute(file, "nodes_missing_value_tracks_true")
    turned = [1 - side for side in sides.ints]
    del sides.ints[:]
    sides.ints.extend(turned)


def unseen_as_the_first_level(file: File, version: Version) -> None:
    own = weights(file)
    _, unseen, first, *_ = leaves_of_tool(file, version)
    own[unseen] = own[first]
    put(file, "target_weights_as_tensor", own)


def four_byte_rows(file: File, version: Version) -> None:
    before(
        file,
        helper.make_node("Cast", ["rows"], ["short"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["short"], ["changed"], to=TensorProto.DOUBLE),
    )


def four_byte_thresholds(file: File, version: Version) -> None:
    values = numpy_helper.to_array(attribute(file, "nodes_values_as_tensor").t)
    put(file, "nodes_values_as_tensor", np.clip(values, -1e38, 1e38).astype(np.float32).astype(float))


def one_threshold_of_four_bytes(file: File, version: Version) -> None:
    values = numpy_helper.to_array(attribute(file, "nodes_values_as_tensor").t).copy()
    short = np.clip(values, -1e38, 1e38).astype(np.float32).astype(float)
    other = np.flatnonzero((short != values) & (np.abs(values) < 1e38))
    place = other[len(other) // 2]
    values[place] = short[place]
    put(file, "nodes_values_as_tensor", values)


def edges_to_the_other_side(file: File, version: Version) -> None:
    modes = attribute(file, "nodes_modes")
    other = {b"BRANCH_LT": b"BRANCH_LEQ", b"BRANCH_LEQ": b"BRANCH_LT", b"LEAF": b"LEAF"}
    turned = [other[mode] for mode in modes.strings]
    del modes.strings[:]
    modes.strings.extend(turned)


def slopes_without_an_end(file: File, version: Version) -> None:
    (clip,) = [node for node in file.graph.node if node.op_type == "Clip"]
    clip.op_type = "Identity"
    del clip.input[1:]


def a_score_for_a_chance(file: File, version: Version) -> None:
    (last,) = [node for node in file.graph.node if node.output[0] == "prediction"]
    last.op_type = "Identity"


Change = Callable[[File, Version], None]
BOTH, CURVES, SPLITS = ("linear", "boosted"), ("boosted",), ("boosted", "trees")
WRONG: dict[str, tuple[Change, tuple[str, ...], str]] = {
    "two rare levels swapped": (levels_swapped, BOTH, "tool"),
    "two leaves swapped": (leaves_swapped, LEARNERS, ""),
    "every leaf one off": (leaves_one_off, LEARNERS, ""),
    "the last leaf as the one before": (last_leaf_as_the_one_before, LEARNERS, ""),
    "missing as zero": (missing_as_zero, BOTH, "pressure"),
    "missing to the other side": (missing_to_the_other_side, SPLITS, "pressure"),
    "unseen as the first level": (unseen_as_the_first_level, BOTH, "tool"),
    "rows of four-byte numbers": (four_byte_rows, SPLITS, "pressure|temperature|flow"),
    "thresholds of four-byte numbers": (four_byte_thresholds, SPLITS, "pressure|temperature|flow"),
    "one threshold of a four-byte number": (one_threshold_of_four_bytes, SPLITS, "pressure|temperature|flow"),
    "what lies at an edge to its other side": (edges_to_the_other_side, SPLITS, "pressure|temperature|flow"),
    "slopes without an end": (slopes_without_an_end, ("linear",), "pressure"),
    "a score for a chance": (a_score_for_a_chance, LEARNERS, ""),
}  # fmt: skip
CASES = [(case, learner) for case, (_, learners, _) in WRONG.items() for learner in learners]


@pytest.mark.parametrize(("case", "learner"), CASES)
def test_a_wrong_export_is_refused_with_the_rows_and_columns_that_differ(fab: Fab, case: str, learner: str) -> None:
    change, _, column = WRONG[case]
    version = fab.registry.find(learner)
    rows = held_out(version)
    right = version.onnx
    assert compared(version.model, right, version.schema, rows, problem="yes/no").difference < CLOSE / 10
    file = onnx.load_from_string(right)
    change(file, version)
    with pytest.raises(
        ParityFailed, match=rf"differs from the model in [\d,]+ of [\d,]+ rows \(.*({column}).*\)"
    ) as refused:
        compared(version.model, file.SerializeToString(), version.schema, rows, problem="yes/no")
    assert "nothing was kept" in refused.value.hint


@pytest.mark.parametrize("learner", LEARNERS)
def test_any_one_leaf_that_is_a_thousandth_off_is_noticed(fab: Fab, learner: str) -> None:
    version = fab.registry.find(learner)
    rows, file = held_out(version), onnx.load_from_string(version.onnx)
    right = weights(file)
    for place in np.unique(np.linspace(0, len(right) - 1, 15).astype(int)).tolist():
        wrong = right.copy()
        wrong[place] += 1e-3
        put(file, "target_weights_as_tensor", wrong)
        with pytest.raises(ParityFailed):
            compared(version.model, file.SerializeToString(), version.schema, rows)


def test_a_version_whose_file_is_wrong_is_not_kept(fab: Fab, monkeypatch: pytest.MonkeyPatch) -> None:
    built = training.built

    def wrong(*how: Any) -> bytes:
        file = onnx.load_from_string(built(*how))
        a_score_for_a_chance(file, fab.registry.find("linear"))
        return file.SerializeToString()

    monkeypatch.setattr(training, "built", wrong)
    before = fab.models().versions
    with pytest.raises(ParityFailed, match="it is not kept"):
        fab.train_model(table(), name="wrong", learner="linear", **HOW)
    assert fab.models().versions == before
    assert not (fab.path / "models" / "wrong").exists()
