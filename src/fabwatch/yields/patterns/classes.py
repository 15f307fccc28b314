"""The patterns that can be told apart, in the order of the network's outputs (and of the public data set's labels)."""

PATTERNS = ("Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch", "none")
NONE = PATTERNS.index("none")
