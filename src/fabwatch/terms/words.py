"""Closed vocabularies of the columns, and the sentences of the answers in English and Spanish."""

from collections.abc import Mapping

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
}

VOCABULARIES: Mapping[str, Mapping[str, object]] = {"passed": PASSED, "kind": KIND, "restore": RESTORE}

NOTHING = frozenset({"", "null", "none", "n/a", "na", "nan", "-", "--", "\\n"})
"""What an empty cell looks like in exports, in lower case."""

STATUS_SHAPE = {"ok": "●", "watch": "▲", "act": "■", "none": "○"}

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "risk": "{wafers:,} wafers ran on {tools:,} tools since their last good qual, as of {as_of}; most: {worst}.",
        "risk_never": " {never:,} tools have no good qual on record: nothing bounds what they ran.",
        "risk_none": "No tool of this selection has run a wafer since its last good qual, as of {as_of}.",
        "contain": "{wafers:,} wafers of {lots:,} lots ran on {tool} after its last good qual ({since}) until {until}.",
        "contain_unbounded": "{wafers:,} wafers of {lots:,} lots ran on {tool} from the first move on record until "
        "{until}; no good qual was ever recorded.",
        "reach": " A qual that can miss reaches back to {since}, behind the last good one ({good}).",
        "lot": " Counted by lot: the moves do not name the wafers.",
        "forecast": "{tools:,} forecasts as of {as_of}; {bad:,} tools or chambers are more likely bad than good already.",
        "forecast_days": "{place} {qual_type}: {cover:.0%}: fails between day {low:.1f} and day {high:.1f}; "
        "{bad:.1%} that it is bad already.",
        "forecast_wafers": "{place} {qual_type}: {cover:.0%}: fails between {low:,} and {high:,} wafers from now; "
        "{bad:.1%} that it is bad already. Nothing ran of late.",
        "intervals": "{tools:,} tools or chambers; {often:,} should be checked more often, {seldom:,} could be "
        "checked more seldom.",
        "interval": "{place} {qual_type}: check every {advised:,} wafers ({low:,} to {high:,} costs hardly more).",
        "interval_today": "{place} {qual_type}: check every {advised:,} wafers ({low:,} to {high:,} costs hardly more); "
        "today it is every {today:,} ({gap:.1f} days).",
        "forecast_failed": "{place} {qual_type}: a failed qual stands open; restore and check it.",
    },
    "es": {
        "risk": "{wafers:,} obleas pasaron por {tools:,} equipos desde su último control bueno, a fecha {as_of}; "
        "el mayor: {worst}.",
        "risk_never": " {never:,} equipos no tienen ningún control bueno: nada acota lo que procesaron.",
        "risk_none": "Ningún equipo de esta selección ha procesado obleas desde su último control bueno, a fecha {as_of}.",
        "contain": "{wafers:,} obleas de {lots:,} lotes pasaron por {tool} tras su último control bueno ({since}) "
        "hasta {until}.",
        "contain_unbounded": "{wafers:,} obleas de {lots:,} lotes pasaron por {tool} desde el primer movimiento "
        "registrado hasta {until}; no consta ningún control bueno.",
        "reach": " Un control que puede fallar obliga a mirar hasta {since}, antes del último bueno ({good}).",
        "lot": " Contado por lote: los movimientos no nombran las obleas.",
        "forecast": "{tools:,} pronósticos a fecha {as_of}; {bad:,} equipos o cámaras ya están más probablemente mal "
        "que bien.",
        "forecast_days": "{place} {qual_type}: {cover:.0%}: falla entre el día {low:.1f} y el {high:.1f}; "
        "{bad:.1%} de que ya esté mal.",
        "forecast_wafers": "{place} {qual_type}: {cover:.0%}: falla dentro de {low:,} a {high:,} obleas; "
        "{bad:.1%} de que ya esté mal. Últimamente no ha procesado nada.",
        "intervals": "{tools:,} equipos o cámaras; {often:,} deberían controlarse más a menudo, {seldom:,} menos a menudo.",
        "interval": "{place} {qual_type}: controlar cada {advised:,} obleas (de {low:,} a {high:,} apenas cuesta más).",
        "interval_today": "{place} {qual_type}: controlar cada {advised:,} obleas (de {low:,} a {high:,} "
        "apenas cuesta más); "
        "hoy es cada {today:,} ({gap:.1f} días).",
        "forecast_failed": "{place} {qual_type}: hay un control fallido abierto; repárelo y contrólelo.",
    },
}


def sentence(language: str, key: str, **values: object) -> str:
    """The sentence `key` in `language` (English for one that is not there), filled with `values`."""
    return SENTENCES.get(language, SENTENCES["en"])[key].format(**values)
