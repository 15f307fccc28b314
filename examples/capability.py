"""How capable is each tool, by the Cpk of its qual readings, worst first? python capability.py FAB [AS_OF]"""

import sys

import fabwatch

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    rows = [row for row in fab.stats(by="tool", as_of=as_of).groups if row.cpk is not None]
    for row in sorted(rows, key=lambda row: row.cpk):
        print(f"{row.group} {row.qual_type}: Cpk {row.cpk:.2f}, mean {row.mean:.3g} {row.unit or ''}, {row.n} readings")
