"""What was not loaded, and why? python set_aside.py FAB"""

import sys
from collections import Counter

import fabwatch

with fabwatch.open(sys.argv[1]) as fab:
    files = Counter(load.status for load in fab.loads())
    print(", ".join(f"{count} files {status}" for status, count in files.items()))
    problems = fab.problems()
    for rule, count in Counter(problem.rule for problem in problems).most_common():
        example = next(problem for problem in problems if problem.rule == rule)
        print(f"{count} × {rule}, such as line {example.line} of {example.path}: {example.why}")
    print(f"{len(problems)} problems in all")
