"""What stands on every card, and which libraries made a version."""

from importlib.metadata import PackageNotFoundError, version

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


def library_versions() -> dict[str, str]:
    """The versions of what learns and writes."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
