"""The sentences of the answers in English."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "risk": "{wafers:,} wafers ran on {tools:,} tools since their last good qual, as of {as_of}; most: {worst}.",
    "risk_never": " {never:,} tools have no good qual on record: nothing bounds what they ran.",
    "risk_none": "No tool of this selection has run a wafer since its last good qual, as of {as_of}.",
    "contain": "{wafers:,} wafers of {lots:,} lots ran on {tool} after its last good qual ({since}) until {until}.",
    "contain_unbounded": "{wafers:,} wafers of {lots:,} lots ran on {tool} from the first move on record until "
    "{until}; no good qual was ever recorded.",
    "reach": " A qual that can miss reaches back to {since}, behind the last good one ({good}).",
    "hold": " The {wafers:,} most likely are expected to hold {part:.0%} of the bad ones, and spare {spares:,}.",
    "end_of_record": "the newest record is of {at}, more than a day ago: answered as of then. --as-of now asks for now.",
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
    "why_age_unknown": "{age:,.1f} {unit} since the first move on record (no restore is known); it was good at {good:,.1f}.",
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
    "sensor_std": "{sensor}{step} was {times:.2g} times as {way} as usual{since}; {near:,} of {of:,} good runs come near.",
    "rule_neighbours": "all together lay {value:.3g} from the good runs before (limit {usual:.3g}), {sensor}{step} furthest "
    "(rule {rule})",
    "rule_setpoint": "{sensor}{step} was off its setpoint for {value:.3g} s, more than {usual:.3g} s (rule {rule})",
    "rule_golden": "{sensor}{step} left the envelope of the good runs from {at:.1f} s on ({value:.4g}, edge {usual:.4g}; "
    "rule {rule})",
    "rule_above": "{sensor}{step}: {figure} {value:.4g} lies above {usual:.4g} (rule {rule})",
    "rule_below": "{sensor}{step}: {figure} {value:.4g} lies below {usual:.4g} (rule {rule})",
    "backtest": "{rule}: {alarms:,} alarms in {runs:,} runs ({alarms_per_1000:.1f} per 1,000 wafers); {false:,} of {good:,} "
    "good ones are false: {rate:.1f} per 1,000 (90 %: {low:.1f} to {high:.1f}).",
    "backtest_unknown": "{rule}: {alarms:,} alarms in {runs:,} runs, {rate:.1f} per 1,000 wafers (90 %: {low:.1f} to "
    "{high:.1f}); nothing says which runs were good, so that all of them may be false.",
    "backtest_caught_log": " It found {caught:,} of {bad:,} faulty runs.",
    "backtest_caught_quals": " It raised an alarm before {caught:,} of {bad:,} failed quals.",
    "backtest_nothing": "{rule}: no run could be judged; {left:,} have too few good runs of their kind before them.",
    "rules": "{rules:,} rules, of which {on:,} count.",
    "chamber": "{place}: {sensor}{step} {mean:.4g}{unit}, {z:+.1f} robust standard deviations from the middle of all "
    "({runs:,} good runs).",
    "chambers_alone": "{sensor}: {chambers:,} chamber with good runs; there is none to compare it with.",
    "sensor_stats": "{sensors:,} sensors in {groups:,} groups, as of {at}.",
    "rates": "{groups:,} tools, heads or products with a known rate; {doubted:,} of them in doubt.",
    "rates_unplaced": " {rows:,} rows of metrology name no tool and belong to no run before them: they count nowhere.",
    "replay": "{name} would have kept the thickness after within a sigma of {sigma:.4g}{unit}; it was {was:.4g} ({n:,} "
    "wafers).",
    "replay_rate": "{name} misses the rate by a sigma of {sigma:.4g}{unit} ({n:,} runs); no thickness is known.",
    "replay_nothing": "Nothing to replay yet.",
    "predicted": "{n:,} runs: mean squared error {error:.4g}, {better:+.0%} beside the last value of the group; "
    "{held:.1%} of the intervals held.",
    "rate_model": "An ONNX file of {size:,} bytes that knows {groups} groups and reads {features} features of a log; "
    "compared by {compared:,} rows, largest difference {largest:.0e} of the rate.",
    "predicted_nothing": "{runs:,} runs, of which none has been measured since.",
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
}
