"""How the network is trained; the card of the trained file repeats it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Settings of one training; what is drawn is `epochs` × `draws` maps, classes by 1/√(their number)."""

    seed: int
    epochs: int = 12
    draws: int = 28_000
    restart_epochs: int = 2
    """Epochs after these, along a second, shorter cosine from `restart_rate` (warm restart; Loshchilov and Hutter 2017)."""
    restart_rate: float = 8e-4
    small_epochs: int = 6
    """The first epochs see smaller squares, which is quicker and loses nothing."""
    small: int = 48
    size: int = 64
    batch: int = 128
    rate: float = 3e-3
    warm_steps: int = 200
    decay: float = 0.02
    smoothing: float = 0.05
    average: float = 0.998
    """How slowly the averaged weights follow, per step; the averaged ones are what is kept."""
    coarse_share: float = 0.0
    """Share of the maps that are drawn as wafers of fewer, larger dies."""
    teacher_share: float = 0.6
    """How much of the goal is the teacher's answer, where there is a teacher."""

    @property
    def steps_an_epoch(self) -> int:
        """Batches in an epoch."""
        return self.draws // self.batch

    @property
    def steps(self) -> int:
        """Batches before the restart."""
        return self.steps_an_epoch * self.epochs

    @property
    def all_epochs(self) -> int:
        """Epochs with those after the restart."""
        return self.epochs + self.restart_epochs


FIRST = Recipe(seed=1)
"""It learns from labels alone, and is not kept."""
SECOND = Recipe(seed=2)
"""The network for maps as they are: it learns from labels and from what the first one answers."""
COARSE = Recipe(seed=2, epochs=SECOND.all_epochs, restart_epochs=5, restart_rate=6e-4, coarse_share=0.2)
"""The network for maps of few dies: it goes on where the second one ended, taught by both."""
