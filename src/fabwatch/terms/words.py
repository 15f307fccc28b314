"""Closed vocabularies of the columns, and the sentences of the answers in English and Spanish."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

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

ALARM = ("alarm", "fault", "fdc", "ooc", "oos", "excursion", "suspect", "trigger", "event", "unscheduled")
"""What the reason of a qual holds when something had happened; any other reason counts as the usual round."""

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
        "hold": " The {wafers:,} most likely are expected to hold {part:.0%} of the bad ones, and spare {spares:,}.",
        "lot": " Counted by lot: the moves do not name the wafers.",
        "forecast": "{tools:,} forecasts as of {as_of}; {bad:,} tools or chambers are more likely bad than good already.",
        "forecast_days": "{place} {qual_type}: {cover:.0%}: fails between day {low:.1f} and day {high:.1f}; "
        "{bad:.1%} that it is bad already.",
        "forecast_weeks": "{place} {qual_type}: {cover:.0%}: fails after day {low:.0f}, perhaps not for years; "
        "{bad:.1%} that it is bad already.",
        "forecast_wafers": "{place} {qual_type}: {cover:.0%}: fails between {low:,} and {high:,} wafers from now; "
        "{bad:.1%} that it is bad already. Nothing ran of late.",
        "combined": "{tool}: the first of its {checks:,} checks, {cover:.0%}: fails between day {low:.1f} and day "
        "{high:.1f}; {bad:.1%} that one is bad already.",
        "combined_idle": "{tool}: {bad:.1%} that one of its {checks:,} checks is bad already. Nothing ran of late.",
        "why_rests": "It rests on {failures:,} failures among {quals:,} quals of {place}, over {wafers:,} wafers and "
        "{days:.0f} days on record.",
        "why_sisters": "{n:,} sisters lend {failures:,} failures among {quals:,} quals.",
        "why_life": "From a restore to the hidden failure {place} typically lasts {life:,.0f} {unit}, its sisters "
        "{theirs:,.0f}: {ratio:.2f} times.",
        "why_life_alone": "From a restore to the hidden failure it typically lasts {life:,.0f} {unit}; it has no sisters.",
        "why_age": "{age:,.1f} {unit} since the restore of {at}; it was good at {good:,.1f}.",
        "why_age_unknown": "{age:,.1f} {unit} since the first move on record (no restore is known); "
        "it was good at {good:,.1f}.",
        "why_pace": "It runs {pace:,.0f} wafers a day, give or take {spread:.0%} from week to week.",
        "why_next": "It is checked about every {every:.1f} days. The next qual, in {day:.1f} days, fails with {fail:.1%}; "
        "{risk:,} wafers are at risk by then.",
        "why_clock": "The wear counts in {clock}: the log evidence is better by {nats:.1f} (family: {family}).",
        "why_clock_tie": "The wear is counted in {clock}; the other clock foretells it about as well "
        "(log evidence {nats:.1f}, family: {family}).",
        "why_readings": "The window comes from readings that drift towards their limit: they foretold past quals better "
        "than the ages of failures.",
        "why_if_passed": "What would change it: if the next qual passes, 80 %: {low:,.0f} to {high:,.0f} {unit} from then.",
        "why_if_restored": "If it were restored now, 80 %: {low:,.0f} to {high:,.0f} {unit} from then.",
        "why_doubt": "Doubt: {doubt}.",
        "intervals": "{tools:,} tools or chambers; {often:,} should be checked more often, {seldom:,} could be "
        "checked more seldom.",
        "intervals_hours": " Quals take {today:,.1f} hours a week today, {advised:,.1f} as advised.",
        "intervals_limit": " Limited to {limit:,.1f} hours a week: one more hour would save {price:,.4g}.",
        "interval": "{place} {qual_type}: check every {advised:,} wafers ({days:.1f} days; {low:,} to {high:,} costs "
        "hardly more).",
        "interval_idle": "{place} {qual_type}: check every {advised:,} wafers ({low:,} to {high:,} costs hardly more). "
        "Nothing ran of late.",
        "interval_today": "{place} {qual_type}: check every {advised:,} wafers ({days:.1f} days; {low:,} to {high:,} costs "
        "hardly more); today it is every {today:,} ({gap:.1f} days).",
        "costs_unstated": " No costs are stated: these stand in for yours, told in quals; state [costs] in fab.toml.",
        "plan_unstated": " No costs are stated in fab.toml: the hours that quals take today are kept and shared out anew.",
        "plan": "Check {today:,} today and {all:,} within {days} days ({hours:,.0f} hours of quals); the most is at stake "
        "on {place} {qual_type}, {bad:.1%} that it is bad already.",
        "plan_nothing": "None of {checked:,} tools or chambers is due within {days} days.",
        "score": "Of {windows:,} windows at {cover:.0%}, {held:.1%} held ({ended:,} ended in a failure so far).",
        "score_skill": " The chance to fail the next qual is {skill:+.1%} nearer than {name}.",
        "score_kept": " Of {kept:,} forecasts made in earnest {windows:,} have an outcome: {held:.1%} held.",
        "score_nothing": "Nothing to score yet: of {forecasts:,} forecasts none has an outcome.",
        "curve": "{place}: checked every {wafers:,} wafers, the next check fails with {fail:.1%}.",
        "tools": "{act:,} of {tools:,} tools need a qual now and {watch:,} are to be watched, as of {as_of}; "
        "{wafers:,} wafers are at risk.",
        "history": "{tool}: at most {most:,} wafers were at risk ({at}), {now:,} now; {passed:,} quals passed and "
        "{failed:,} failed.",
        "history_none": "{tool}: nothing ran in that time.",
        "stats": "{n:,} readings in {groups:,} groups; {outside:,} beyond their limits.",
        "readings": "{tool}: {n:,} readings; {failed:,} of their quals failed.",
        "runs": "{runs:,} runs on {tools:,} tools, {rows:,} samples, {alarms:,} alarms.",
        "step_summary": "{rows:,} figures of {sensors:,} sensors in {runs:,} runs.",
        "faults": "{faulty:,} of {runs:,} runs left the path of {reference:,} good ones, as of {at}.",
        "trace": "{run}: {steps:,} sensors and steps beside {golden}.",
        "sensor_mean": "{sensor}{step} was {change} {way} ({value:.4g} instead of {usual:.4g}{unit}){since}; "
        "{near:,} of {of:,} good runs come near.",
        "sensor_std": "{sensor}{step} was {times:.2g} times as {way} as usual{since}; "
        "{near:,} of {of:,} good runs come near.",
        "sensor_setpoint": "{sensor}{step} was off its setpoint for {seconds:.3g} s, usually {usual:.3g} s; "
        "{near:,} of {of:,} good runs come near.",
        "in_step": " in step {step}",
        "in_chamber": " in chamber {chamber}",
        "from_second": " from {at:.1f} s on",
        "way_high": "high",
        "way_low": "low",
        "way_unsteady": "unsteady",
        "way_steady": "steady",
        "exposed_since": "touches {wafers:,} wafers since, and no good run has followed",
        "exposed_until": "touches {wafers:,} wafers until a run was good again",
        "cut_short": "it lacks a step or a sensor that the others have",
        "overview": "{tools:,} tools in {areas:,} areas from {loads:,} files; the latest record is of {last}.",
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
        "hold": " Se espera que las {wafers:,} más probables contengan el {part:.0%} de las malas; se ahorran {spares:,}.",
        "lot": " Contado por lote: los movimientos no nombran las obleas.",
        "forecast": "{tools:,} pronósticos a fecha {as_of}; {bad:,} equipos o cámaras ya están más probablemente mal "
        "que bien.",
        "forecast_days": "{place} {qual_type}: {cover:.0%}: falla entre el día {low:.1f} y el {high:.1f}; "
        "{bad:.1%} de que ya esté mal.",
        "forecast_weeks": "{place} {qual_type}: {cover:.0%}: falla después del día {low:.0f}, quizá no en años; "
        "{bad:.1%} de que ya esté mal.",
        "forecast_wafers": "{place} {qual_type}: {cover:.0%}: falla dentro de {low:,} a {high:,} obleas; "
        "{bad:.1%} de que ya esté mal. Últimamente no ha procesado nada.",
        "combined": "{tool}: el primero de sus {checks:,} controles, {cover:.0%}: falla entre el día {low:.1f} y "
        "el {high:.1f}; {bad:.1%} de que alguno ya esté mal.",
        "combined_idle": "{tool}: {bad:.1%} de que alguno de sus {checks:,} controles ya esté mal. Sin actividad reciente.",
        "why_rests": "Se apoya en {failures:,} fallos entre {quals:,} controles de {place}, en {wafers:,} obleas y "
        "{days:.0f} días registrados.",
        "why_sisters": "{n:,} equipos gemelos aportan {failures:,} fallos entre {quals:,} controles.",
        "why_life": "De una restauración al fallo oculto {place} dura normalmente {life:,.0f} {unit}, sus gemelos "
        "{theirs:,.0f}: {ratio:.2f} veces.",
        "why_life_alone": "De una restauración al fallo oculto dura normalmente {life:,.0f} {unit}; no tiene gemelos.",
        "why_age": "{age:,.1f} {unit} desde la restauración de {at}; estaba bien a {good:,.1f}.",
        "why_age_unknown": "{age:,.1f} {unit} desde el primer movimiento registrado (no consta ninguna restauración); "
        "estaba bien a {good:,.1f}.",
        "why_pace": "Procesa {pace:,.0f} obleas al día, con una variación semanal de {spread:.0%}.",
        "why_next": "Se controla cada {every:.1f} días. El próximo control, dentro de {day:.1f} días, falla con {fail:.1%}; "
        "para entonces habrá {risk:,} obleas en riesgo.",
        "why_clock": "El desgaste se cuenta en {clock}: la log-evidencia es mejor en {nats:.1f} (familia: {family}).",
        "why_clock_tie": "El desgaste se cuenta en {clock}; el otro reloj lo predice casi igual "
        "(log-evidencia {nats:.1f}, familia: {family}).",
        "why_readings": "La ventana sale de lecturas que derivan hacia su límite: predijeron los controles pasados mejor "
        "que las edades de los fallos.",
        "why_if_passed": "Qué lo cambiaría: si el próximo control sale bien, 80 %: de {low:,.0f} a {high:,.0f} {unit} "
        "desde entonces.",
        "why_if_restored": "Si se restaurase ahora, 80 %: de {low:,.0f} a {high:,.0f} {unit} desde entonces.",
        "why_doubt": "Duda: {doubt}.",
        "intervals": "{tools:,} equipos o cámaras; {often:,} deberían controlarse más a menudo, {seldom:,} menos a menudo.",
        "intervals_hours": " Los controles ocupan {today:,.1f} horas a la semana hoy, {advised:,.1f} según el consejo.",
        "intervals_limit": " Con un límite de {limit:,.1f} horas a la semana: una hora más ahorraría {price:,.4g}.",
        "interval": "{place} {qual_type}: controlar cada {advised:,} obleas ({days:.1f} días; de {low:,} a {high:,} "
        "apenas cuesta más).",
        "interval_idle": "{place} {qual_type}: controlar cada {advised:,} obleas (de {low:,} a {high:,} apenas cuesta "
        "más). Últimamente no ha procesado nada.",
        "interval_today": "{place} {qual_type}: controlar cada {advised:,} obleas ({days:.1f} días; de {low:,} a {high:,} "
        "apenas cuesta más); hoy es cada {today:,} ({gap:.1f} días).",
        "costs_unstated": " No constan costes: estos los suplen, contados en controles; indíquelos en [costs] de fab.toml.",
        "plan_unstated": " No constan costes en fab.toml: se mantienen las horas de control de hoy, mejor repartidas.",
        "plan": "Controlar {today:,} hoy y {all:,} en {days} días ({hours:,.0f} horas de controles); lo que más se juega "
        "está en {place} {qual_type}, {bad:.1%} de que ya esté mal.",
        "plan_nothing": "Ninguno de {checked:,} equipos o cámaras toca en {days} días.",
        "score": "De {windows:,} ventanas al {cover:.0%}, se cumplió el {held:.1%} ({ended:,} acabaron ya en fallo).",
        "score_skill": " La probabilidad de fallar el próximo control se acerca un {skill:+.1%} más que {name}.",
        "score_kept": " De {kept:,} pronósticos hechos en serio {windows:,} tienen desenlace: se cumplió el {held:.1%}.",
        "score_nothing": "Nada que valorar todavía: de {forecasts:,} pronósticos ninguno tiene desenlace.",
        "curve": "{place}: con un control cada {wafers:,} obleas, el próximo falla con {fail:.1%}.",
        "tools": "{act:,} de {tools:,} equipos necesitan un control ya y {watch:,} piden vigilancia, a fecha {as_of}; "
        "{wafers:,} obleas en riesgo.",
        "history": "{tool}: como máximo hubo {most:,} obleas en riesgo ({at}), ahora {now:,}; {passed:,} controles buenos "
        "y {failed:,} fallidos.",
        "history_none": "{tool}: no procesó nada en ese tiempo.",
        "stats": "{n:,} lecturas en {groups:,} grupos; {outside:,} fuera de sus límites.",
        "readings": "{tool}: {n:,} lecturas; {failed:,} de sus controles fallaron.",
        "runs": "{runs:,} pasadas en {tools:,} equipos, {rows:,} muestras, {alarms:,} alarmas.",
        "step_summary": "{rows:,} cifras de {sensors:,} sensores en {runs:,} pasadas.",
        "faults": "{faulty:,} de {runs:,} pasadas se apartan de {reference:,} buenas, a fecha {at}.",
        "trace": "{run}: {steps:,} sensores y pasos junto a {golden}.",
        "sensor_mean": "{sensor}{step} estuvo {change} {way} ({value:.4g} en vez de {usual:.4g}{unit}){since}; "
        "{near:,} de {of:,} pasadas buenas se acercan.",
        "sensor_std": "{sensor}{step} fue {times:.2g} veces tan {way} como de costumbre{since}; "
        "{near:,} de {of:,} pasadas buenas se acercan.",
        "sensor_setpoint": "{sensor}{step} estuvo fuera de su consigna {seconds:.3g} s, normalmente {usual:.3g} s; "
        "{near:,} de {of:,} pasadas buenas se acercan.",
        "in_step": " en el paso {step}",
        "in_chamber": " en la cámara {chamber}",
        "from_second": " desde el segundo {at:.1f}",
        "way_high": "alto",
        "way_low": "bajo",
        "way_unsteady": "inestable",
        "way_steady": "estable",
        "exposed_since": "afecta a {wafers:,} obleas desde entonces, sin ninguna pasada buena después",
        "exposed_until": "afecta a {wafers:,} obleas hasta la siguiente pasada buena",
        "cut_short": "le falta un paso o un sensor que tienen las demás",
        "overview": "{tools:,} equipos en {areas:,} áreas, de {loads:,} archivos; el último registro es de {last}.",
        "forecast_failed": "{place} {qual_type}: hay un control fallido abierto; repárelo y contrólelo.",
    },
}


def is_alarm(reason: str | None) -> bool:
    """True for the reason of a qual that was done because something had happened."""
    return reason is not None and any(word in reason.casefold() for word in ALARM)


UNITS: Mapping[str, Mapping[str, str]] = {
    "en": {"wafers": "wafers", "days": "days"},
    "es": {"wafers": "obleas", "days": "días"},
}


YARDSTICKS: Mapping[str, Mapping[str, str]] = {
    "es": {"the fixed schedule": "el calendario fijo", "one Weibull a type": "una Weibull por tipo"},
}


def yardstick_of(language: str, name: str) -> str:
    """The name of a simpler way to forecast, in a language."""
    return YARDSTICKS.get(language, {}).get(name, name)


def unit_of(language: str, clock: str) -> str:
    """The unit of a clock in a language."""
    return UNITS.get(language, UNITS["en"]).get(clock, clock)


def sentence(language: str, key: str, **values: object) -> str:
    """The sentence `key` in `language` (English for one that is not there), filled with `values`."""
    return _Formatter(language).vformat(SENTENCES.get(language, SENTENCES["en"])[key], (), values)


class _Formatter(Formatter):
    """Fills in sentences; in Spanish 1,325.5 reads 1.325,5."""

    def __init__(self, language: str):
        self._swapped = language == "es"

    def format_field(self, value: Any, format_spec: str) -> str:
        said = str(super().format_field(value, format_spec))
        return said.translate(_SWAPPED) if self._swapped and isinstance(value, (int, float)) else said


_SWAPPED = str.maketrans(",.", ".,")
