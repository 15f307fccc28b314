"""Load a folder of exports and print the tools with the most wafers at risk: python worst_tools.py EXPORTS FAB"""

import sys

import fabwatch

exports, folder = sys.argv[1:3]
with fabwatch.open(folder, create=True) as fab:
    summary = fab.ingest(exports)
    print(f"{summary.rows} rows loaded, {summary.set_aside} set aside")
    risk = fab.risk()
    print(risk.sentence())
    table = risk.df()
    whole_tools = table[(table["chamber"] == "*") & table["bounded"]]
    print(whole_tools.nlargest(5, "wafers")[["area", "tool", "qual_type", "wafers", "status"]].to_string(index=False))
