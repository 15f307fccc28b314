"""Which tools are checked too often, which too rarely? python qual_intervals.py FAB [AS_OF]"""

import sys

import fabwatch

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    for tool in fab.interval(as_of=as_of).tools:
        if tool.today_wafers is None or tool.low_wafers <= tool.today_wafers <= tool.high_wafers:
            verdict = "keep it"
        else:
            verdict = "check more often" if tool.today_wafers > tool.high_wafers else "check less often"
        print(
            f"{tool.tool} {tool.qual_type}: now every {tool.today_wafers or '-'} wafers, "
            f"best every {tool.advised_wafers} ({tool.low_wafers} to {tool.high_wafers}): {verdict}"
        )
