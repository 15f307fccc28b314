"""Which areas have the most wafers at risk? python areas_at_risk.py FAB [AS_OF]"""

import sys

import fabwatch

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    for row in fab.risk(by="area", as_of=as_of).tools:
        name = f"{row.area or '-'}, {row.qual_type or 'no qual'}"
        print(f"{name}: {row.wafers} wafers since the last good qual, {row.tools} tools")
