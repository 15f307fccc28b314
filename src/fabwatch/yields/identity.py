"""One wafer under several names: `02`, `LOT-02` and `LOT.02` of a tester are `LOT.02` of the MES."""


def wafer_key(lot: str, wafer: str) -> str:
    """A name for a wafer of a lot that is the same for testers and MES, as an expression of SQL.

    Behind the name of the lot, the last number of a wafer's name is its number in the lot; a name without a lot or number
    stays as it is. Null where the wafer is not named.
    """
    rest = f"CASE WHEN starts_with({wafer}, {lot}) THEN substr({wafer}, length({lot}) + 1) ELSE {wafer} END"
    number = f"try_cast(regexp_extract({rest}, '([0-9]+)[^0-9]*$', 1) AS INTEGER)"
    return f"CASE WHEN {lot} IS NULL OR {number} IS NULL THEN {wafer} ELSE {lot} || chr(31) || {number} END"


TESTED = f"""
SELECT lot, wafer, {wafer_key("lot", "wafer")} AS key FROM wafer_tests
WHERE parts > 0 AND (coalesce(end_at, start_at) IS NULL OR coalesce(end_at, start_at) <= $as_of)
UNION SELECT lot, wafer, {wafer_key("lot", "wafer")} FROM sort_summary WHERE tested_at IS NULL OR tested_at <= $as_of"""
"""Lot, wafer and key of the wafers whose results are known, as a statement."""
