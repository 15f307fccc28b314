"""A picture that somebody sent, as the page draws it: what was seen of it, the heat over it, and pictures like it."""

import base64

from fabwatch.fab.models import Looked
from fabwatch.terms.answers import Json

FAINT = 0.08
"""Share of the strongest place under which a place is not coloured."""
STRONGEST = 0.7
"""How much of the picture the strongest colour hides."""


def drawn(looked: Looked) -> Json:
    """What the template needs."""
    one = looked.answer.predictions[0]
    heat = one.heat or ()
    most = max((abs(value) for row in heat for value in row), default=0.0) or 1.0
    cells = [
        (x, y, "speaks" if value > 0 else "against", round(STRONGEST * abs(value) / most, 3), value)
        for y, row in enumerate(heat)
        for x, value in enumerate(row)
        if abs(value) >= FAINT * most
    ]
    chances = sorted((one.probabilities or {}).items(), key=lambda pair: -pair[1])
    similar = list(zip(one.similar or (), map(_address, looked.similar), strict=True))
    picture = _address(looked.picture)
    return {"one": one, "side": len(heat), "cells": cells, "chances": chances, "similar": similar, "picture": picture}


def _address(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def picture_calls(address: str) -> list[tuple[str, str]]:
    """The call in some languages, with a picture beside it."""
    return [
        (
            "curl",
            f"curl -X POST '{address}?contributions=true' -H \"Authorization: Bearer $FABWATCH_KEY\" \\\n"
            "  -H 'Content-Type: image/png' --data-binary @picture.png",
        ),
        (
            "Python",
            f'import httpx\n\nanswer = httpx.post("{address}", content=open("picture.png", "rb").read(),\n'
            '                    headers={"Authorization": "Bearer " + KEY, "Content-Type": "image/png"}).json()\n'
            'print(answer["predictions"][0]["probabilities"])',
        ),
        (
            "R",
            f'library(httr2)\nrequest("{address}") |>\n  req_auth_bearer_token(key) |>\n'
            '  req_body_file("picture.png", "image/png") |>\n  req_perform() |> resp_body_json(simplifyVector = TRUE)',
        ),
    ]
