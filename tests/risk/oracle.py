"""The oracle: wafers at risk by the rules, in plain Python loops over plain rows. It shares no code with fabwatch."""

from collections import defaultdict

SLOTS = {str(n) for n in range(100)} | {f"{n:02d}" for n in range(100)}


def last_good(quals, tool, chamber, qual_type, as_of, before=None):
    best = None
    for qual in quals:
        if qual["tool"] != tool or qual["qual_type"] != qual_type or not qual["passed"]:
            continue
        if qual["chamber"] is not None and qual["chamber"] != chamber:
            continue
        if (qual["resulted_at"] or qual["processed_at"]) > as_of or qual["processed_at"] > as_of:
            continue
        if before is not None and qual["processed_at"] >= before:
            continue
        if best is None or qual["processed_at"] > best:
            best = qual["processed_at"]
    return best


def at_risk(moves, quals, tool, chamber, qual_type, until, as_of, recipes=None, before=None, chambered=None):
    """The moves at risk: of one chamber, or of the whole tool for '*'."""
    own_chambers = {q["chamber"] for q in quals if q["tool"] == tool and q["qual_type"] == qual_type and q["chamber"]}
    if chambered is None:
        chambered = bool(own_chambers)
    chambers = {m["chamber"] for m in moves if m["tool"] == tool and m["chamber"]} | own_chambers
    found, seen = [], set()
    for move in moves:
        if move["tool"] != tool or move["kind"] == "test":
            continue
        if move["end_at"] > until or move["end_at"] > as_of:
            continue
        if chamber != "*" and move["chamber"] not in (None, chamber):
            continue
        if recipes is not None and move["recipe"] is not None and move["recipe"] not in recipes:
            continue
        if not chambered:
            since = last_good(quals, tool, None, qual_type, as_of, before)
        elif move["chamber"] is None and chamber == "*":
            goods = [last_good(quals, tool, c, qual_type, as_of, before) for c in chambers]
            since = None if None in goods else min(goods)
        else:
            since = last_good(quals, tool, move["chamber"] or chamber, qual_type, as_of, before)
        if since is not None and move["end_at"] <= since:
            continue
        key = tuple(sorted((k, str(v)) for k, v in move.items()))
        if key not in seen:
            seen.add(key)
            found.append(move)
    return found


def identity(move):
    if move["wafer"] is None:
        return None
    return (move["lot"], move["wafer"]) if move["wafer"] in SLOTS else move["wafer"]


def counts(moves):
    """(wafers, passes, lots) of some moves; a move of a whole lot is a pass of each of its wafers."""
    wafers = {identity(m) for m in moves if m["wafer"] is not None}
    by_lot = defaultdict(int)
    named = defaultdict(set)
    for move in moves:
        if move["wafer"] is None:
            by_lot[move["lot"]] = max(by_lot[move["lot"]], move["wafers"])
        else:
            named[move["lot"]].add(identity(move))
    whole_lots = sum(max(quantity - len(named[lot]), 0) for lot, quantity in by_lot.items())
    passes = sum(move["wafers"] if move["wafer"] is None else 1 for move in moves)
    return len(wafers) + whole_lots, passes, len({m["lot"] for m in moves if m["lot"] is not None})
