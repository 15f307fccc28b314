"""All that a version of pictures was made by: with its pictures it makes the same file again."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from fabwatch.terms.errors import BadQuestion

Turns = Literal["none", "mirror", "all"]
TURNS: tuple[Turns, ...] = get_args(Turns)
LEAST_SIZE, MOST_SIZE, STEP = 32, 128, 8


@dataclass(frozen=True)
class PictureRecipe:
    """What was asked for, and how it is learned."""

    seed: int = 0
    size: int = 64
    """Pixels on a side of the square that a picture is drawn into."""
    turns: Turns = "mirror"
    """What may be done to a picture without its class changing: nothing, mirrored left to right, or any turn."""
    by_group: bool = True
    batch: int = 32
    least_draws: int = 256
    """Pictures that an epoch shows at least."""
    epochs: int = 30
    patience: int = 10
    """Epochs without a gain on the pictures that choose, after which it ends."""
    rate: float = 3e-3
    warm_steps: int = 20
    decay: float = 0.02
    smoothing: float = 0.05
    price: float = 0.1
    """What it costs to add a little everywhere: what speaks for a class is found where it is."""
    average: float = 0.98
    """How slowly the averaged weights follow, per step; the averaged ones are what is kept."""

    def plain(self) -> dict[str, Any]:
        """As plain data, with what the recipe of a table names too."""
        return {"target": "class", "time": None, "group": "folder" if self.by_group else None, **asdict(self)}


def checked(seed: int, size: int, turns: str) -> PictureRecipe:
    """The recipe that was asked for. Raises BadQuestion."""
    if not LEAST_SIZE <= size <= MOST_SIZE or size % STEP:
        raise BadQuestion(f"size must be from {LEAST_SIZE} to {MOST_SIZE} in steps of {STEP} (got {size}).", "such as 64")
    for name in TURNS:
        if name == turns:
            return PictureRecipe(seed=seed, size=size, turns=name)
    raise BadQuestion(f"turns must be {', '.join(TURNS)} (got {turns[:20]}).", "mirror: left and right are alike")
