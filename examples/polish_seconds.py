"""How long to polish the next wafer of each head, from 9,000 to 5,000 Å? python polish_seconds.py FAB [AS_OF]"""

import sys

import fabwatch

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    for rate in fab.rates(as_of=as_of).groups:
        if rate.rate_unit == "per s":
            continue  # without a unit no time can be given
        answer = fab.polish_time(
            9000, 5000, unit="angstrom", tool=rate.tool, head=rate.head, product=rate.product, stage=rate.stage, as_of=as_of
        )
        print(f"{rate.tool} {rate.head or ''}: {answer.seconds:.1f} s ({answer.low:.1f} to {answer.high:.1f} s)")
