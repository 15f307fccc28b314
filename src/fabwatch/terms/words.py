"""Closed vocabularies of the columns, and the sentences of the answers in English and Spanish."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

from fabwatch.terms import english, spanish

PASSED: Mapping[str, bool] = {
    **dict.fromkeys(("pass", "passed", "p", "1", "1.0", "true", "t", "y", "yes", "ok", "good", "accept", "ac"), True),
    **dict.fromkeys(("fail", "failed", "f", "0", "0.0", "false", "n", "no", "nok", "ng", "bad", "reject", "rej"), False),
}

KIND: Mapping[str, str] = {
    **dict.fromkeys(("production", "prod", "p", "product", "lot", "normal"), "production"),
    **dict.fromkeys(("test", "tw", "t", "monitor", "mon", "dummy", "qual", "npw", "control", "season"), "test"),
}

RESTORE: Mapping[str, str] = {
    **dict.fromkeys(("pm", "preventive", "maintenance", "scheduled", "clean", "wet clean"), "pm"),
    **dict.fromkeys(("repair", "corrective", "cm", "unscheduled", "breakdown", "fix"), "repair"),
    **dict.fromkeys(("part", "replacement", "part change", "swap", "consumable"), "part"),
    # Work to come. `scheduled` is the other half of `unscheduled`: a pm that was done.
    **dict.fromkeys(("planned", "planned pm", "planned maintenance", "plan", "calendar", "to do", "upcoming"), "planned"),
    **dict.fromkeys(("planificado", "planificada", "programado", "programada", "previsto", "prevista"), "planned"),
    **dict.fromkeys(("geplant", "vorgesehen", "planifié", "planifiée", "prévu", "pianificato", "planejado"), "planned"),
}

PLANNED = "planned"

BEYOND: Mapping[str, str] = {
    **dict.fromkeys(("<", "<=", "≤", "below", "less"), "<"),
    **dict.fromkeys((">", ">=", "≥", "above", "over", "more"), ">"),
}

VOCABULARIES: Mapping[str, Mapping[str, object]] = {"passed": PASSED, "kind": KIND, "restore": RESTORE, "beyond": BEYOND}

ALARM = ("alarm", "fault", "fdc", "ooc", "oos", "excursion", "suspect", "trigger", "event", "unscheduled")
"""Words in the reason of a qual that was done because something had happened; other reasons count as routine."""

NOTHING = frozenset(
    {
        *("", "null", "none", "n/a", "na", "nan", "-", "--", "\\n", "n.a.", "(null)", "<null>", "missing"),
        # Historians and sensors that have no value to give; a spreadsheet whose column is too narrow, or its formula wrong.
        *("no data", "nodata", "bad input", "i/o timeout", "comm fail", "scan off", "pt created", "not available"),
        *("#n/a", "#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!", *("#" * n for n in range(2, 16))),
    }
)
"""What an empty cell looks like in exports, in lower case."""

STATUS_SHAPE = {"ok": "●", "watch": "▲", "act": "■", "none": "○"}

SENTENCES: Mapping[str, Mapping[str, str]] = {"en": english.SENTENCES, "es": spanish.SENTENCES}


def is_alarm(reason: str | None) -> bool:
    """True if the reason says that the qual was done because something had happened."""
    return reason is not None and any(word in reason.casefold() for word in ALARM)


UNITS: Mapping[str, Mapping[str, str]] = {
    "en": {"wafers": "wafers", "days": "days"},
    "es": {"wafers": "obleas", "days": "días"},
}


YARDSTICKS: Mapping[str, Mapping[str, str]] = {
    "es": {"the fixed schedule": "el calendario fijo", "one Weibull a type": "una Weibull por tipo"},
}


def yardstick_of(language: str, name: str) -> str:
    """The name of a simpler forecast method, in a language."""
    return YARDSTICKS.get(language, {}).get(name, name)


def unit_of(language: str, clock: str) -> str:
    """The unit of a clock in a language."""
    return UNITS.get(language, UNITS["en"]).get(clock, clock)


def sentence(language: str, key: str, **values: object) -> str:
    """The sentence `key` in `language` (else English), filled with `values`."""
    return _Formatter(language).vformat(SENTENCES.get(language, SENTENCES["en"])[key], (), values)


class _Formatter(Formatter):
    """Fills in sentences; in Spanish 1,325.5 reads 1.325,5."""

    def __init__(self, language: str):
        self._swapped = language == "es"

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        return text.translate(_SWAPPED) if self._swapped and isinstance(value, (int, float)) else text


_SWAPPED = str.maketrans(",.", ".,")
