"""What stands on every card, and which libraries made a version."""

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

LIBRARIES = ("interpret-core", "lightgbm", "numpy", "onnx", "onnxruntime", "scikit-learn")
LIMITS = [
    "It says what went together in the table that it was made from, not what causes what.",
    "A number outside the range of training is taken as the nearest that was seen; a level that was never seen adds what an "
    "unknown one does; both are counted in the answer.",
    "A missing value is a value of its own: it adds what missing ones added in training, or nothing where there were none.",
    "Figures hold for rows like those held out: where tools, products or recipes change, look at the drift first.",
    "People decide: the model is there to order what to look at, not to scrap or release by itself.",
]
METHOD = (
    "Columns are judged and settings chosen on the rows that are learned from alone, by trials on later parts of these. The "
    "figures are of rows that came later (or whole groups, or at random, as said). AUC with its interval by DeLong et al. "
    "1988; shares by Wilson or exact; others by bootstrap of rows."
)

FIELDS: dict[type, tuple[str, ...]] = {
    str: ("kind", "target", "split", "learner", "settings", "source", "method", "digest"),
    int: ("rows", "learned_from"),
    list: ("classes", "schema", "dropped", "suspects", "importance", "limits", "doubts"),
    dict: ("recipe", "held_out", "random_split", "floor", "shapes", "onnx", "table", "libraries"),
}
"""What every card holds, by type."""
FIGURES = ("metric", "value", "low", "high", "rows")


def lacking(card: Mapping[str, Any]) -> str | None:
    """The first field that a card lacks or holds in another type; None for one that is whole."""
    for kind, names in FIELDS.items():
        for name in names:
            if not isinstance(card.get(name), kind):
                return name
    if not all(isinstance(column, dict) and "name" in column for column in card["schema"]):
        return "schema"
    if card["kind"] == "yes/no" and len(card["classes"]) != 2:
        return "classes"
    if not isinstance(card["onnx"].get("sha256"), str):
        return "onnx.sha256"
    return next((f"held_out.{name}" for name in FIGURES if name not in card["held_out"]), None)


def library_versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """The versions of what learns and writes, as far as it is installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
