"""What a fab holds, as plain sorted rows without the load that brought them: equal contents, equal fabs."""

from fabwatch.terms.tables import BY_NAME

COMPARED = ("tools", "moves", "quals", "restores", "counters", "metrology", "places")


def contents(fab):
    fab._lake.pin()
    held = {
        name: sorted(map(repr, fab._lake.ask(f"SELECT {', '.join(BY_NAME[name].names)} FROM {name}").fetchall()))
        for name in COMPARED
    }
    held["problems"] = sorted(map(repr, fab._lake.ask("SELECT rule, kind, raw, why FROM problems").fetchall()))
    held["runs"] = sorted(repr((run.run, run.rows, run.start, run.end)) for run in fab.runs().runs)
    held["samples"] = sorted(map(repr, samples(fab)))
    return held


def samples(fab):
    """Every row of every log with its values, by time; which part of which load it is says how its log came."""
    fab._lake.pin()
    shapes = [row[0] for row in fab._lake.ask("SELECT DISTINCT shape FROM parts WHERE shape IS NOT NULL").fetchall()]
    return [
        row
        for shape in shapes
        for row in fab._lake.ask(f"SELECT * EXCLUDE (load, part, byte_offset) FROM samples_{shape} ORDER BY t").fetchall()
    ]
