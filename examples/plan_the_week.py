"""What should be checked on which day of the coming week? python plan_the_week.py FAB [AS_OF]"""

import sys

import fabwatch

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    plan = fab.plan(days=7, as_of=as_of)
    for check in plan.items:
        name = f"{check.date}: {check.tool} {check.qual_type}"
        print(f"{name}, {check.wafers_at_risk_then} wafers at risk by then ({check.reason})")
    print(f"{len(plan.items)} checks in 7 days")
