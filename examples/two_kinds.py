"""Is it a scratch or a particle? Pictures of two kinds are told apart. python two_kinds.py (needs fabwatch[train])"""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from service import served

import fabwatch

PICTURES, SIDE = 40, 48


def drawn(kind: str, chance: np.random.Generator) -> Image.Image:
    """A made-up picture of a noisy surface with a scratch or a particle somewhere."""
    surface = chance.integers(60, 110, (SIDE, SIDE), dtype=np.uint8)
    across, down = chance.integers(8, SIDE - 8, 2)
    if kind == "scratch":
        for step in range(-14, 15):
            surface[(down + step) % SIDE, max(across + step // 3, 0) : across + step // 3 + 2] = 220
    else:
        surface[down - 4 : down + 4, across - 4 : across + 4] = 220
    return Image.fromarray(surface)


with tempfile.TemporaryDirectory() as place:
    folder, pictures, chance = Path(place) / "fab", Path(place) / "pictures", np.random.default_rng(4)
    for kind in ("scratch", "particle"):
        (pictures / kind).mkdir(parents=True)
        for number in range(PICTURES):
            drawn(kind, chance).save(pictures / kind / f"{number}.png")
    print(f"1. {PICTURES} pictures of each kind, in folders that are called as they are")
    with fabwatch.open(folder, create=True) as fab:
        trained = fab.train_images(pictures, name="defects", size=32, minutes=0.5)
    held, floor = trained.held_out, trained.floor
    print(f"2. learned: {trained.learner}")
    print(f"3. right {held['value']:.2f}, 95 % {held['low']:.2f} to {held['high']:.2f}, of {held['rows']} pictures held out")
    print(f"   floor: {floor['value']:.2f} without a model ({floor['by']})")
    print("4. asked over HTTP about new pictures")
    with served(folder) as ask:
        for kind in ("particle", "scratch"):
            drawn(kind, chance).save(Path(place) / "new.png")
            (said,) = ask("defects", Path(place) / "new.png")["predictions"]
            like = said["similar"][0]
            print(f"   a {kind} is called {said['prediction']} ({said['probability']:.0%}), most like {like['name']}")
