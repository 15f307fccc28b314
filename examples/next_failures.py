"""Which tools will fail a qual first, and how likely is it? python next_failures.py FAB [AS_OF]"""

import sys

import fabwatch

folder, as_of = sys.argv[1], (sys.argv[2:] or [None])[0]
with fabwatch.open(folder) as fab:
    tools = [tool for tool in fab.forecast(as_of=as_of).tools if tool.window.from_days is not None]
    for tool in sorted(tools, key=lambda tool: tool.window.from_days)[:5]:
        window = tool.window
        end = f"and day {window.to_days:.0f}" if window.to_days is not None else "and a day that cannot be told yet"
        print(
            f"{tool.tool} {tool.qual_type}: {window.coverage:.0%} chance to fail between day {window.from_days:.0f} {end}, "
            f"{tool.p_bad_now:.0%} that it is already out of spec"
        )
