"""What a fab holds, as plain sorted rows without the load that brought them: equal contents, equal fabs."""

from fabwatch.terms.tables import BY_NAME

COMPARED = ("tools", "moves", "quals", "restores", "places")


def contents(fab):
    fab._lake.pin()
    held = {
        name: sorted(map(repr, fab._lake.ask(f"SELECT {', '.join(BY_NAME[name].names)} FROM {name}").fetchall()))
        for name in COMPARED
    }
    held["problems"] = sorted(map(repr, fab._lake.ask("SELECT rule, kind, raw, why FROM problems").fetchall()))
    return held
