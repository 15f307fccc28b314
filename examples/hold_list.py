"""Which wafers are in doubt after each open failed qual, and where are they now? python hold_list.py FAB [AS_OF]"""

import sys

import fabwatch

SHOWN = 3

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    failed = {row.tool for row in fab.risk(as_of=as_of).tools if row.failed_at}
    for tool in sorted(failed):
        hold = fab.contain(tool, as_of=as_of)
        print(f"{tool}: {hold.wafers} wafers of {hold.lots} lots to hold")
        for item in hold.items[:SHOWN]:
            print(f"  {item.wafer or item.lot} is at {item.now.tool or 'an unknown place'}, step {item.now.step or '-'}")
    print(f"{len(failed)} tools with an open failed qual")
