"""What Spark says of its faults, as errors of fabwatch: what does not run there, what failed, and what was lost."""

from collections.abc import Iterator
from contextlib import contextmanager

from fabwatch.terms.errors import EngineFailed, EngineLost, NotOnEngine

SAID = 300
CANNOT = ("PARSE_SYNTAX_ERROR", "UNRESOLVED", "DATATYPE_MISMATCH", "UNSUPPORTED", "INVALID_", "WRONG_NUM_ARGS")
GONE = ("SparkContext was shut down", "stopped SparkContext", "Master removed our application", "masters are unresponsive")
"""What Spark says once the session itself has ended."""
FULL = ("OutOfMemoryError", "maxResultSize", "GC overhead limit")
MORE_MEMORY = "give it more: memory of [spark] in fab.toml; or ask for a shorter time or fewer tools, or without --engine"


@contextmanager
def translated() -> Iterator[None]:
    """The errors of Spark as those of fabwatch. Raises NotOnEngine, EngineFailed, EngineLost."""
    from py4j.protocol import Py4JError, Py4JNetworkError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JNetworkError, OSError, EOFError) as fault:
        # Java is gone, or the answer broke off: rows that came before are not shown.
        raise EngineLost(f"Spark was lost while it worked: {_first_line(text_of(fault))}") from fault
    except (PySparkException, Py4JError, RuntimeError) as fault:
        text = text_of(fault)
        raise _meaning(text, _first_line(text)) from fault


def _meaning(whole: str, said: str) -> NotOnEngine | EngineFailed:
    if any(word in whole for word in FULL):
        # After it Java is in no state to be asked again.
        return EngineLost(f"Spark has too little memory for this question: {said}", MORE_MEMORY)
    if any(word in whole for word in GONE):
        return EngineLost(f"Spark was lost while it worked: {said}")
    if any(word in said for word in CANNOT):
        return NotOnEngine(f"This question does not run on Spark: {said}")
    return EngineFailed(f"Spark could not run it: {said}")


def text_of(fault: BaseException) -> str:
    """What a fault says; that of Java is fetched from there, and Java may be gone by now."""
    from py4j.protocol import Py4JError

    try:
        return str(fault) or type(fault).__name__
    except (Py4JError, OSError):
        return f"{type(fault).__name__}: {GONE[0]}"


def _first_line(text: str) -> str:
    """The first line that says something; what Java raised stands behind where it was called from."""
    lines = [line.strip().removeprefix(": ") for line in text.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("An error occurred while calling")]
    return (said or lines)[0][:SAID]
