"""The patterns that can be told apart, in the order of the network's outputs (and of the public data set's labels)."""

PATTERNS = ("Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch", "none")
NONE = PATTERNS.index("none")
ALIKE = (frozenset({0, 1}), frozenset({2, 3}))
"""Pairs of which one hides the other: Center and Donut, Edge-Loc and Edge-Ring. At most one of a pair is said of a map."""
