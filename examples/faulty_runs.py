"""Which runs deviate from the reference runs, and in which sensors? python faulty_runs.py FAB [AS_OF]"""

import sys

import fabwatch

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    faulty = [run for run in fab.faults(as_of=as_of).runs if run.faulty]
    for run in faulty[:5]:
        print(f"{run.tool} {run.wafer}: {run.exposed} wafers ran until the next good one")
        for sensor in run.sensors[:2]:
            print(f"  {sensor.sentence}")
    print(f"{len(faulty)} runs deviate")
