"""The ONNX file of a model: readings in; prediction, score and what each column adds out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fabwatch.models.additive import FAR, Additive, Lookup, Slopes
from fabwatch.models.learners.boosted import EXTRA
from fabwatch.models.learners.trees import Trees
from fabwatch.models.target import Problem
from fabwatch.terms.errors import ExtraMissing
from fabwatch.terms.version import VERSION

OPSET, ML_OPSET, IR = 17, 3, 8
LOWEST = float(np.finfo(np.float64).min)
INPUT, SCORE, PREDICTION, CONTRIBUTIONS = "rows", "score", "prediction", "contributions"


@dataclass
class _Ensemble:
    """The trees of a TreeEnsembleRegressor, node by node."""

    tree: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    mode: list[str] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    yes: list[int] = field(default_factory=list)
    no: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    leaf: list[tuple[int, int, int, float]] = field(default_factory=list)
    """Tree, node, target, weight."""
    trees: int = 0
    count: int = 0

    def begin(self) -> None:
        """Begin the next tree."""
        self.trees, self.count = self.trees + 1, 0

    def split(self, feature: int, mode: str, value: float, empty_is_yes: bool) -> int:
        """Add a node whose branches are filled in later."""
        return self._add(feature, mode, value, int(empty_is_yes))

    def end(self, weights: Iterable[tuple[int, float]]) -> int:
        """Add a leaf with weights by target."""
        at = self._add(0, "LEAF", 0.0, 0)
        own = [pair for pair in weights if pair[1]] or [(0, 0.0)]
        self.leaf += [(self.trees - 1, at, target, weight) for target, weight in own]
        return at

    def join(self, at: int, yes: int, no: int) -> int:
        """Fill in the branches of a node of the tree that is being made."""
        place = len(self.node) - self.count + at
        self.yes[place], self.no[place] = yes, no
        return at

    def _add(self, feature: int, mode: str, value: float, empty: int) -> int:
        for column, one in zip(
            (self.tree, self.node, self.feature, self.mode, self.value, self.yes, self.no, self.empty),
            (self.trees - 1, self.count, feature, mode, value, 0, 0, empty),
            strict=True,
        ):
            column.append(one)  # type: ignore[attr-defined]
        self.count += 1
        return self.count - 1

    def attributes(self, make: Any, doubles: int, targets: int) -> dict[str, Any]:
        """As the attributes of the operator."""
        return {
            "n_targets": targets,
            "nodes_treeids": self.tree,
            "nodes_nodeids": self.node,
            "nodes_featureids": self.feature,
            "nodes_modes": self.mode,
            "nodes_values_as_tensor": make.make_tensor("values", doubles, [len(self.value)], self.value),
            "nodes_truenodeids": self.yes,
            "nodes_falsenodeids": self.no,
            "nodes_missing_value_tracks_true": self.empty,
            "target_treeids": [one[0] for one in self.leaf],
            "target_nodeids": [one[1] for one in self.leaf],
            "target_ids": [one[2] for one in self.leaf],
            "target_weights_as_tensor": make.make_tensor(
                "weights", doubles, [len(self.leaf)], [one[3] for one in self.leaf]
            ),
        }


class _Graph:
    """Nodes and constants of a graph that is being made."""

    def __init__(self, onnx: Any):
        self.make, self.kinds, self._numpy = onnx.helper, onnx.TensorProto, onnx.numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any) -> str:
        """The name of a new constant."""
        name = f"k{len(self.constants)}"
        self.constants.append(self._numpy.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add a node; returns the name of its output."""
        name = name or f"n{len(self.nodes)}"
        self.nodes.append(self.make.make_node(kind, list(inputs), [name], **attributes))
        return name

    def ensemble(self, trees: _Ensemble, rows: str, targets: int) -> str:
        """Add trees; their sums as double."""
        attributes = trees.attributes(self.make, self.kinds.DOUBLE, targets)
        sums = self.add("TreeEnsembleRegressor", rows, domain="ai.onnx.ml", **attributes)
        return self.add("Cast", sums, to=self.kinds.DOUBLE)


def library() -> Any:
    """The package onnx. Raises ExtraMissing."""
    try:
        import onnx
    except ImportError:
        raise ExtraMissing("An ONNX file is written by the package onnx, which is not installed.", EXTRA) from None
    return onnx


def built(model: Additive | Trees, width: int, problem: Problem, about: dict[str, str]) -> bytes:
    """The file of a model over rows of `width` numbers."""
    onnx = library()
    graph = _Graph(onnx)
    make, double = graph.make, onnx.TensorProto.DOUBLE
    outputs = []
    if isinstance(model, Additive):
        count = len(model.intercept)
        parts = _parts(graph, model)
        graph.add("Reshape", parts, graph.constant(np.array([-1, width, count])), name=CONTRIBUTIONS)
        total = graph.add("ReduceSum", CONTRIBUTIONS, graph.constant(np.array([1])), keepdims=0)
        graph.add("Add", total, graph.constant(model.intercept), name=SCORE)
        outputs.append(make.make_tensor_value_info(CONTRIBUTIONS, double, ["N", width, count]))
    else:
        count = model.scores_of_row
        away = graph.add("Div", graph.add("Sub", INPUT, graph.constant(model.center)), graph.constant(model.scale))
        graph.add("Identity", graph.ensemble(_of_booster(model), away, count), name=SCORE)
    _predict(graph, problem)
    outputs += [make.make_tensor_value_info(name, double, ["N", count]) for name in (SCORE, PREDICTION)]
    rows = make.make_tensor_value_info(INPUT, double, ["N", width])
    whole = make.make_graph(graph.nodes, "model", [rows], outputs, graph.constants)
    opsets = [make.make_opsetid("", OPSET), make.make_opsetid("ai.onnx.ml", ML_OPSET)]
    file = make.make_model(whole, opset_imports=opsets, ir_version=IR, producer_name="fabwatch", producer_version=VERSION)
    make.set_model_props(file, about)
    onnx.checker.check_model(file, full_check=True)
    return bytes(file.SerializeToString(deterministic=True))


def _predict(graph: _Graph, problem: Problem) -> None:
    """A chance for yes and no, chances of classes, or the number itself."""
    kinds = {"yes/no": ("Sigmoid", {}), "classes": ("Softmax", {"axis": 1}), "number": ("Identity", {})}
    kind, how = kinds[problem]
    graph.add(kind, SCORE, name=PREDICTION, **how)


def _parts(graph: _Graph, model: Additive) -> str:
    """What each column adds, as (N, columns · k)."""
    count = len(model.intercept)
    sums = []
    if model.lookups:
        trees = _Ensemble()
        for one in model.lookups:
            _tree(trees, one, count)
        sums.append(graph.ensemble(trees, INPUT, model.width * count))
    if model.slopes is not None:
        sums.append(_lines(graph, model.slopes, model.width, count))
    return graph.add("Add", *sums) if len(sums) == 2 else sums[0]


def _lines(graph: _Graph, slopes: Slopes, width: int, count: int) -> str:
    """Slopes of all columns; those without one have a slope of nothing."""
    center, scale = np.zeros(width), np.ones(width)
    coefficients, offset = np.zeros((width, count)), np.zeros((width, count))
    center[slopes.columns], scale[slopes.columns] = slopes.center, slopes.scale
    coefficients[slopes.columns], offset[slopes.columns] = slopes.coefficients, slopes.offset
    away = graph.add("Div", graph.add("Sub", INPUT, graph.constant(center)), graph.constant(scale))
    there = graph.add("Where", graph.add("IsNaN", away), graph.constant(0.0), away)
    held = graph.add("Clip", there, graph.constant(-FAR), graph.constant(FAR))
    cube = graph.add("Unsqueeze", held, graph.constant(np.array([2])))
    added = graph.add("Sub", graph.add("Mul", cube, graph.constant(coefficients)), graph.constant(offset))
    return graph.add("Reshape", added, graph.constant(np.array([-1, width * count])))


def _tree(trees: _Ensemble, one: Lookup, count: int) -> None:
    """A table as a tree: what is missing first, then halves of the cuts."""
    trees.begin()

    def leaf(scores: Any) -> int:
        return trees.end((one.column * count + n, float(score)) for n, score in enumerate(scores))

    def below(first: int, last: int) -> int:
        if first == last:
            return leaf(one.scores[first])
        middle = (first + last) // 2
        at = trees.split(one.column, "BRANCH_LT", float(one.cuts[middle]), False)
        return trees.join(at, below(first, middle), below(middle + 1, last))

    root = trees.split(one.column, "BRANCH_LT", LOWEST, True)
    trees.join(root, leaf(one.missing), below(0, len(one.cuts)))


def _of_booster(model: Trees) -> _Ensemble:
    """The trees of the library."""
    trees = _Ensemble()
    for number, tree in enumerate(model.booster.dump_model()["tree_info"]):
        trees.begin()
        _branch(trees, tree["tree_structure"], number % model.scores_of_row)
    return trees


def _branch(trees: _Ensemble, node: dict[str, Any], target: int) -> int:
    if "split_feature" not in node:
        return trees.end([(target, float(node["leaf_value"]))])
    threshold = float(node["threshold"])
    # Without missing values in training an empty one counts as 0 there.
    to_yes = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
    at = trees.split(int(node["split_feature"]), "BRANCH_LEQ", threshold, bool(to_yes))
    yes = _branch(trees, node["left_child"], target)
    return trees.join(at, yes, _branch(trees, node["right_child"], target))
