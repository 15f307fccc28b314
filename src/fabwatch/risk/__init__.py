"""What is at stake now: exposure since the last good qual, and containment after a failed one. An exact ledger.

The twelve rules are in docs/rules.md; a rule is named in the code where it is kept.
"""
