"""The sentences of the answers in English."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "risk": "{wafers:,} wafers ran on {tools:,} tools since their last good qual, as of {as_of}; most: {worst}.",
    "risk_never": " {never:,} tools have no good qual on record; their wafers are not in this total.",
    "risk_none": "No tool of this selection has run a wafer since its last good qual, as of {as_of}.",
    "contain": "{wafers:,} wafers of {lots:,} lots ran on {tool} after its last good qual ({since}) until {until}.",
    "contain_unbounded": "{wafers:,} wafers of {lots:,} lots ran on {tool} from the first move on record until "
    "{until}; no good qual was ever recorded.",
    "after_fail_open": " Ran after the fail: {wafers:,} wafers, 100 %, with no restore or good qual yet; "
    "{total:,} wafers in all.",
    "after_fail_restored": " Ran after the fail until the restore ({until}): {wafers:,} wafers, 100 %; "
    "{total:,} wafers in all.",
    "after_fail_passed": " Ran after the fail until the good qual ({until}): {wafers:,} wafers, 100 %; "
    "{total:,} wafers in all.",
    "reach": " Because this qual can miss a fault, containment reaches back to {since}, before the last good one ({good}).",
    "hold": " Holding the {wafers:,} most likely wafers is expected to catch {part:.0%} of the bad ones and frees "
    "{spares:,}.",
    "end_of_record": "the newest record is of {at}, more than a day ago: answered as of then. --as-of now asks for now.",
    "lot": " Counted by lot: the moves do not name the wafers.",
    "forecast": "{tools:,} forecasts as of {as_of}; {bad:,} tools or chambers are probably already out of spec.",
    "forecast_days": "{place} {qual_type}: {cover:.0%} chance to fail between day {low:.1f} and day {high:.1f}; "
    "{bad:.1%} chance it is already out of spec.",
    "forecast_due": "{place} {qual_type}: already due; {bad:.1%} chance it is already out of spec.",
    "combined_due": "{tool}: the first of its {checks:,} checks is already due; {bad:.1%} chance that one is already out of "
    "spec.",
    "stats_pooled": " {pooled:,} of them pool several chambers of a tool: --by chamber takes them apart.",
    "forecast_weeks": "{place} {qual_type}: {cover:.0%} chance to fail after day {low:.0f}, perhaps not for years; "
    "{bad:.1%} chance it is already out of spec.",
    "forecast_wafers": "{place} {qual_type}: {cover:.0%} chance to fail between {low:,} and {high:,} wafers from now; "
    "{bad:.1%} chance it is already out of spec. It has not run recently.",
    "combined": "{tool}: {cover:.0%} chance that the first of its {checks:,} checks fails between day {low:.1f} and day "
    "{high:.1f}; {bad:.1%} chance that one is already out of spec.",
    "combined_idle": "{tool}: {bad:.1%} chance that one of its {checks:,} checks is already out of spec. It has not run "
    "recently.",
    "why_rests": "It rests on {failures:,} failures among {quals:,} quals of {place}, over {wafers:,} wafers and "
    "{days:.0f} days on record.",
    "why_sisters": "{n:,} sister tools lend {failures:,} failures among {quals:,} quals.",
    "why_life": "{place} typically lasts {life:,.0f} {unit} from a restore to the hidden failure, its sister tools "
    "{theirs:,.0f}: a ratio of {ratio:.2f}.",
    "why_life_alone": "It typically lasts {life:,.0f} {unit} from a restore to the hidden failure; it has no sister tools.",
    "why_age": "{age:,.1f} {unit} since the restore of {at}; it was good at {good:,.1f}.",
    "why_age_unknown": "{age:,.1f} {unit} since the first move on record (no restore is known); it was good at {good:,.1f}.",
    "why_pace": "It runs {pace:,.0f} wafers a day, ± {spread:.0%} from week to week.",
    "why_next": "It is checked about every {every:.1f} days. The next qual, in {day:.1f} days "
    "(80 %: {low:.1f} to {high:.1f}), has a {fail:.1%} chance to fail; "
    "{risk:,} wafers are at risk by then.",
    "why_clock": "Wear is counted in {clock}, which fits the history best (log evidence better by {nats:.1f}; "
    "distribution: {family}).",
    "why_clock_tie": "Wear is counted in {clock}; another clock fits the history about as well (log evidence {nats:.1f}; "
    "distribution: {family}).",
    "why_marker": "Its readings rise as those of its sisters did before they failed: by them {low:.0%} to {high:.0%} of "
    "this life is over. They predicted past quals better than failures alone.",
    "why_signal": "Since its last qual it reported {name} {n:,} times: by it a failure is {times:.1f} times as likely.",
    "why_readings": "The window comes from readings that drift towards their limit: they predicted past quals better "
    "than the ages of failures.",
    "why_if_passed": "What would change it: if the next qual passes, the 80 % window is {low:,.0f} to {high:,.0f} {unit} "
    "after it.",
    "why_if_restored": "If it were restored now, the 80 % window would be {low:,.0f} to {high:,.0f} {unit} from now.",
    "why_doubt": "Doubt: {doubt}.",
    "intervals": "{tools:,} tools or chambers; {often:,} should be checked more often, {seldom:,} could be "
    "checked less often.",
    "intervals_hours": " Quals take {today:,.1f} hours a week today, {advised:,.1f} with the recommended intervals.",
    "intervals_limit": " Limited to {limit:,.1f} hours a week: one more hour would save {price:,.4g} of cost.",
    "interval": "{place} {qual_type}: check every {advised:,} wafers ({days:.1f} days); {low:,} to {high:,} "
    "costs at most 5 % more.",
    "interval_idle": "{place} {qual_type}: check every {advised:,} wafers; {low:,} to {high:,} costs at most 5 % more. "
    "It has not run recently.",
    "interval_today": "{place} {qual_type}: check every {advised:,} wafers ({days:.1f} days); {low:,} to {high:,} "
    "costs at most 5 % more. Today: every {today:,} ({gap:.1f} days).",
    "costs_unstated": " No costs are stated: default costs are used, in units of one qual; state yours under [costs] "
    "in fab.toml.",
    "plan_unstated": " No costs are stated in fab.toml: today's qual hours are kept and redistributed.",
    "plan": "Check {today:,} today and {all:,} within {days} days ({hours:,.0f} hours of quals); the largest "
    "expected loss is on {place} {qual_type}: {bad:.1%} chance it is already out of spec.",
    "plan_nothing": "None of {checked:,} tools or chambers is due within {days} days.",
    "score": "Of {windows:,} windows at {cover:.0%}, {held:.1%} held ({ended:,} ended in a failure so far).",
    "score_better": " Chance to fail the next qual: Brier score {skill:.1%} better than {name}.",
    "score_worse": " Chance to fail the next qual: Brier score {skill:.1%} worse than {name}.",
    "score_kept": " {windows:,} of {kept:,} recorded forecasts have an outcome so far; {held:.1%} of their windows held.",
    "score_value": " With quals at the intervals recommended then: {quals:+.0%} quals, {exposed:+.0%} wafers exposed.",
    "score_slope": "Where the chance is 10 points higher, {rise:.1f} points more of the quals failed (90 % range "
    "{low:.1f} to {high:.1f}; 10 if chances are right).",
    "score_slope_fits": " No error is seen here: the range includes 10.",
    "score_slope_less": " Chances differ too much: high ones are too high, low ones too low.",
    "score_slope_more": " Chances differ too little: high ones are too low, low ones too high.",
    "value": "With quals at the intervals recommended then, since {since} there would have been",
    "value_quals": " {advised:,.0f} quals instead of {today:,.0f} (90 % range of the difference {low:+,.0f} to "
    "{high:+,.0f}),",
    "value_exposed": " {advised:,.0f} wafers between the last good qual and the one that found the failure instead of "
    "{today:,.0f} ({low:+,.0f} to {high:+,.0f}),",
    "value_cost": " and costs of {advised:,.1f} instead of {today:,.1f} ({low:+,.1f} to {high:+,.1f}).",
    "value_earlier": " Failures would have been found {days:.2f} days earlier on average ({low:.2f} to {high:.2f}).",
    "value_later": " Failures would have been found {days:.2f} days later on average ({low:.2f} to {high:.2f}).",
    "value_stayed": " In {stayed:,} of {stretches:,} stretches between two forecasts too few failures were known to "
    "recommend an interval: today's schedule stayed.",
    "score_nothing": "Nothing to score yet: none of {forecasts:,} forecasts has an outcome.",
    "curve": "{place}: checked every {wafers:,} wafers, the next check has a {fail:.1%} chance to fail.",
    "tools": "{act:,} of {tools:,} tools need a qual now and {watch:,} need watching, as of {as_of}; "
    "{wafers:,} wafers are at risk.",
    "history": "{tool}: at most {most:,} wafers were at risk ({at}), {now:,} now; {passed:,} quals passed and "
    "{failed:,} failed.",
    "history_none": "{tool}: no wafers ran in that time.",
    "stats": "{n:,} readings in {groups:,} groups; {outside:,} outside their limits.",
    "readings": "{tool}: {n:,} readings; {failed:,} of their quals failed.",
    "runs": "{runs:,} runs on {tools:,} tools, {rows:,} samples, {alarms:,} alarms.",
    "step_summary": "{rows:,} statistics of {sensors:,} sensors in {runs:,} runs.",
    "faults": "{faulty:,} of {runs:,} runs deviate from the {reference:,} reference runs, as of {at}.",
    "trace": "{run}: {steps:,} sensors and steps beside {golden}.",
    "trace_alone": "{run}: {steps:,} sensors and steps, not compared with other runs.",
    "sensor_mean": "{sensor}{step} was {change} {way} ({value:.4g} instead of {usual:.4g}{unit}){since}; "
    "{near:,} of {of:,} good runs come close.",
    "sensor_std": "{sensor}{step} was {times:,.1f} times as {way} as usual{since}; {near:,} of {of:,} good runs come close.",
    "sensor_std_constant": "{sensor}{step} {way}{since}; {near:,} of {of:,} good runs come close.",
    "way_varied": "varied, though it is usually constant",
    "way_constant": "was constant, though it usually varies",
    "rule_neighbours": "distance from the earlier good runs {value:.3g} (limit {usual:.3g}), mostly {sensor}{step} "
    "(rule {rule})",
    "rule_setpoint": "{sensor}{step} was off its setpoint for {value:.3g} s, more than {usual:.3g} s (rule {rule})",
    "rule_golden": "{sensor}{step} left the envelope of the good runs from {at:.1f} s on ({value:.4g}, limit {usual:.4g}; "
    "rule {rule})",
    "rule_above": "{sensor}{step}: {figure} {value:.4g} is above {usual:.4g} (rule {rule})",
    "rule_below": "{sensor}{step}: {figure} {value:.4g} is below {usual:.4g} (rule {rule})",
    "backtest": "{rule}: {alarms:,} alarms in {runs:,} runs ({alarms_per_1000:.1f} per 1,000 wafers). False alarms: "
    "{false:,} of "
    "{good:,} good runs, {rate:.1f} per 1,000 (90 %: {low:.1f} to {high:.1f}).",
    "backtest_unknown": "{rule}: {alarms:,} alarms in {runs:,} runs, {rate:.1f} per 1,000 wafers (90 %: {low:.1f} to "
    "{high:.1f}); no record says which runs were good, so all of them may be false.",
    "backtest_caught_log": " It found {caught:,} of {bad:,} faulty runs.",
    "backtest_caught_quals": " It raised an alarm before {caught:,} of {bad:,} failed quals.",
    "backtest_nothing": "{rule}: no run could be judged; {left:,} have too few earlier good runs of their kind.",
    "rules": "{rules:,} rules; {on:,} are on.",
    "chamber": "{place}: {sensor}{step} {mean:.4g}{unit}, {z:+.1f} robust standard deviations from the median of all "
    "chambers ({runs:,} good runs).",
    "chambers_alone": "{sensor}: {chambers:,} chamber with good runs; no other to compare it with.",
    "sensor_stats": "{sensors:,} sensors in {groups:,} groups, as of {at}.",
    "rates": "{groups:,} tools, heads or products with a known rate; {doubted:,} of them in doubt.",
    "rates_unplaced": " {rows:,} rows of metrology name no tool and match no earlier run: they are not used.",
    "replay": "{name} would have given a thickness sigma of {sigma:.4g}{unit}; it was {was:.4g} ({n:,} wafers).",
    "replay_rate": "{name} predicts the rate with a sigma of {sigma:.4g}{unit} ({n:,} runs); no thickness is known.",
    "replay_nothing": "Nothing to replay yet.",
    "predicted": "{n:,} runs: mean squared error {error:.4g}; with the last value of the group it would be {naive:.4g}. "
    "{held:.1%} of the intervals held.",
    "rate_model": "An ONNX file of {size:,} bytes for {groups} groups and {features} log features; "
    "checked on {compared:,} rows, largest difference {largest:.0e} of the rate.",
    "predicted_nothing": "{runs:,} runs; none has been measured since.",
    "in_step": " in step {step}",
    "in_chamber": " in chamber {chamber}",
    "from_second": " from {at:.1f} s on",
    "way_high": "high",
    "way_low": "low",
    "way_unsteady": "unsteady",
    "way_steady": "steady",
    "exposed_since": "{wafers:,} wafers affected so far; no good run since",
    "exposed_until": "{wafers:,} wafers affected until the next good run",
    "cut_short": "a step or sensor that the other runs have is missing",
    "overview": "{tools:,} tools in {areas:,} areas from {loads:,} files; the latest record is from {last}.",
    "cause_chamber": "chamber {chamber}",
    "cause_failed": "failed {at}, no restore since",
    "cause_restored": "failed {at}, restored {restored}, requal pending",
    "cause_limit": "{wafers:,} wafers at risk, inhibit limit of {limit:,} reached",
    "cause_out_of_spec": "probably out of spec ({chance:.0%})",
    "cause_out_of_spec_any": "{chance:.0%} chance that one of its {checks:,} checks is out of spec, most likely {where}",
    "cause_warning": "{wafers:,} wafers at risk, warning limit of {limit:,} reached",
    "cause_doubtful": "{chance:.0%} chance to be out of spec",
    "cause_doubtful_any": "{chance:.0%} chance that one of its {checks:,} checks is out of spec, most likely {where}",
    "cause_never": "no good qual on record",
    "cause_unknown": "chance to be out of spec not known yet",
    "cause_good": "last good qual {at}, {wafers:,} wafers since",
    "forecast_failed": "{place} {qual_type}: open failed qual; restore and requalify.",
    "maps_classified": "{maps:,} maps: {shown:,} show a pattern, mostly {most} ({count:,}); {unknown:,} of no known one.",
    "maps_without_pattern": "{maps:,} maps: none shows a pattern; {unknown:,} of no known pattern.",
    "maps_scored": "{n:,} maps: macro-F1 {macro_f1:.3f}, accuracy {accuracy:.1%}, calibration error {ece:.3f}.",
    "doubt_NotchNotStated": "the file does not say where the notch is; taken to be at the bottom",
    "doubt_AxesNotStated": "the file does not say which way its coordinates run; x taken to the right, y up",
    "doubt_MapTurned": "the notch was {notch} in the file; the map was turned to notch down",
    "doubt_MapMirrored": "the file counts {axes} the other way; the map was mirrored to x right, y up",
    "doubt_MapCut": "the file ends early: {rows:,} whole rows or dies kept, {of:,} stated (0: not stated)",
    "doubt_UnevenRows": "{rows:,} rows are longer or shorter than the map is wide",
    "doubt_DieTwice": "{dies:,} dies are stated more than once; the last statement counts",
    "doubt_UnreadDies": "{dies:,} cells could not be read as dies and were left out",
    "doubt_PassByBin": "the file does not say which bins pass; bin {bin} taken to be the good one",
    "doubt_NullByCorners": "the file does not say what is no die; {corner}, which is in all four corners, taken to be it",
    "doubt_TooFewFailures": "only {failures:,} failures among all sister tools; at least {needed:,} are needed",
    "doubt_NoQual": "no qual of this tool is on record; the forecast rests on its sister tools",
    "doubt_OnlyFailed": "it never passed a qual, so when it was last good is not known",
    "doubt_NoRestore": "no restore on record; the age is counted from the first move",
    "doubt_NoPace": "nothing ran recently, so the window is given in wafers only",
    "doubt_FailedNow": "open failed qual, and no restore since",
    "doubt_Contradictory": "a qual passed and failed at the same time ({times:,} times); the fail counts",
    "doubt_Extrapolated": "the window ends beyond {beyond:g} times the longest age on record",
    "doubt_Overdue": "the last qual is {since:.1f} days old, the usual interval {usual:.1f} days; perhaps data are missing",
    "doubt_PlannedLate": "maintenance was planned for {days:.1f} days ago, and no restore is on record since",
    "doubt_PlannedEarly": "maintenance is planned for {planned}, but the tool was restored shortly before: done early?",
    "forecast_planned": " Planned maintenance on {at} comes before the window ends: {bad:.1%} chance it is out of spec "
    "by then.",
    "doubt_LimitMoved": "the limit of the reading moved from {before:g} to {now:g}; failures before it meant something else",
    "doubt_MixedUnits": "its readings are in several units ({units}); those unlike most are left out",
    "doubt_FutureDate": "as_of is in the future, and what happens until then is not known",
    "doubt_FewResults": "only {results:,} results of this group; at least {needed:,} are needed",
    "doubt_ConsumableChanged": "only {results:,} results since the consumable was changed ({changed_at:%Y-%m-%d %H:%M})",
    "doubt_ConsumableReset": "{counters} were reset since the run before",
    "doubt_CounterFell": "{counter} was reset from {before:g} to {after:g} by {at}, and no change of a consumable is on "
    "record; load it",
    "doubt_RateJumped": "the last two results are off by more than noise in the same direction; the estimate follows them",
    "doubt_OneAstray": "the last result is off by more than noise; confirm it on the next wafer",
    "doubt_OldResults": "the last result is {days:.0f} days old",
    "doubt_TwoResults": "{wafers} of the last 10 wafers have two results that disagree; their mean is used",
    "doubt_NoRate": "{rows:,} rows have no rate, or a film that did not get thinner",
    "doubt_UnitUnstated": "the files state no unit; set constants = {{ unit = 'angstrom' }} in fab.toml",
    "doubt_ShortPolish": "a short rework removes less in its first seconds; measure the wafer again afterwards",
    "doubt_NoSpread": "the spread of the rate is not known, so there is no interval",
    "doubt_StepLimited": "needs {needed:.4g} s, more than {step:g} s from the last {last:.4g} s",
    "doubt_Bounded": "needs {needed:.4g} s, but {least:g} to {most:g} s are allowed",
    "doubt_NewGroup": "only {results:,} results of this tool, stage and chambers; at least {needed:,} are needed",
    "doubt_LogUnlike": "{figure} lies {deviations:.0f} standard deviations from the runs before",
    "doubt_TooFewRuns": "{kind}: only {runs:,} comparable runs; at least {needed:,} are needed",
    "doubt_LongGap": "no run of this group for {hours:.0f} hours",
    "reason_sites": "mean of {sites:,} sites",
    "reason_removal": "{removal:,.6g} {unit} at {rate:,.6g} {rate_unit} ({source})",
    "reason_offset": "{offset:+g} s offset",
    "reason_deadband": "{needed:.4g} s lies within the deadband of {deadband:g} s around the last {last:.4g} s",
    "reason_rework": "rework of a wafer that came out thick",
    "reason_stated_rate": "the stated rate",
    "reason_source": "{controller} on {results:,} results",
    "reason_source_since": "{controller} on {results:,} results, {share:+.1%} since the change {age:,} wafers ago",
    "reason_rate": "{rate:.5g} {unit}",
    "reason_age": "{age} wafers since the last change of a consumable",
    "reason_age_first": "{age} wafers since the first on record",
    "reason_rate_up": "rate up {share:.1%} since then",
    "reason_rate_down": "rate down {share:.1%} since then",
    "reason_few": "{controller}: too few results to choose by",
    "reason_chosen": "{controller}: smallest error on this record ({error:.2%} of the rate)",
    "reason_configured": "{controller}: stated in fab.toml ({error:.2%} of the rate)",
    "controller_fixed": "fixed",
    "controller_last": "last value",
    "controller_ewma": "EWMA",
    "controller_dewma": "double EWMA (follows drift)",
    "controller_age": "age",
    "controller_by": "{name} by {clock}",
}
