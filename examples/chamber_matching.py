"""Does a chamber differ from its neighbours? python chamber_matching.py FAB [AS_OF]"""

import sys

import fabwatch

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    runs = fab.runs(as_of=as_of).runs
    for sensor in fab.sensors(runs[0].run)[:3] if runs else ():
        answer = fab.chambers(sensor, as_of=as_of)
        for chamber in answer.chambers:
            name = " ".join(part for part in (chamber.tool, chamber.chamber) if part)
            apart = "the only one" if chamber.z is None else f"{chamber.z:+.1f} standard deviations from the others"
            print(f"{sensor}, step {answer.step}, {name}: mean {chamber.mean:.4g} over {chamber.runs} runs, {apart}")
