"""The card of the trained network: data, licence, split, recipe, figures, what it is for, and its limits."""

from dataclasses import asdict
from typing import Any

import numpy as np

from fabwatch.terms.version import VERSION
from fabwatch.yields.patterns.classes import PATTERNS
from fabwatch.yields.patterns.model import FEW, FINE
from fabwatch.yields.patterns.recipe import FIRST

LICENCE = (
    "Copyright 2015 Jyh-Shing Roger Jang. Redistribution and use of the data set, with or without modification, are "
    "permitted provided that redistribution retains the copyright notice and conditions, and that redistribution and use "
    "in any form are accompanied by the two citations."
)
CITATIONS = (
    "Ming-Ju Wu, Jyh-Shing Roger Jang, and Jui-Long Chen, Wafer Map Failure Pattern Recognition and Similarity Ranking for "
    "Large-Scale Data Sets, IEEE Transactions on Semiconductor Manufacturing, vol. 28, no. 1, pp. 1-12, Feb. 2015, "
    "doi: 10.1109/TSM.2014.2364237",
    "MIR-WM811K: Dataset for wafer map failure pattern recognition, 2015, http://mirlab.org/dataset/public/",
)
USE = "Sorts wafer maps of passed and failed dies by pattern, to find what to look at first; a person decides."
LIMITS = (
    "Learned from one fab's maps, labelled by hand; labels of Loc, Edge-Loc and Scratch overlap, and some are wrong.",
    "Sees passed and failed dies alone: neither bins nor values. Dies without a result count as no die.",
    "A pattern is the same however the wafer lay: where on the edge it is, is not said.",
    "Maps of few dies (under 22 across) are shown to a network of their own, which learned from public maps drawn so: no "
    "real ones were at hand.",
    "Maps under about 8 dies across show too little; maps of over 100 × 100 are drawn smaller, thin scratches fade.",
    "`unknown` finds a part of what is none of the nine (see the figures): patterns of a fab may be called by the nearest "
    "of them, and clean made-up maps may be called unknown. For it the files keep the embeddings of 200 maps a pattern.",
)


def card(data: Any, networks: dict[str, dict[str, Any]], unknown: Any) -> dict[str, Any]:
    """The card as plain data."""
    parts = data.parts
    counts = {name: int(n) for name, n in zip(PATTERNS, np.bincount(data.label, minlength=len(PATTERNS)), strict=True)}
    return {
        "name": "fabwatch wafer map patterns",
        "version": VERSION,
        "data": "WM-811K (MIR-WM811K), labelled maps, a part each to train and to choose",
        "licence": LICENCE,
        "citations": list(CITATIONS),
        "split": {
            "by": "SHA-256 of shape and pixels, so that copies never lie on two sides",
            "learned_from": len(parts.learn),
            "report_only": len(parts.report),
            "validation": len(data.validation),
            "left_out_copies": parts.copies,
            "left_out_conflicting_labels": parts.conflicting,
            "left_out_also_in_validation": parts.in_validation,
            "learned_from_by_pattern": counts,
        },
        **networks[FINE],
        "few_dies": networks[FEW],
        "taught_by": asdict(FIRST),
        "unknown_patterns": unknown,
        "use": USE,
        "limits": list(LIMITS),
    }
