"""The plan of the demo fab: its tools, chambers, routes and quals."""

from dataclasses import dataclass
from datetime import datetime

CHECK = "Metrology"


@dataclass(frozen=True)
class ToolType:
    """Sister tools: how many, in which area, with which chambers, how fast, and how they wear."""

    name: str
    area: str
    tools: int
    chambers: tuple[str, ...] = ()
    minutes_per_lot: float = 45.0
    wear_wafers: float = 2600.0
    """Weibull scale: wafers from a restore to the hidden failure, of which 63 % have come by then."""
    wear_shape: float = 2.5


@dataclass(frozen=True)
class QualPlan:
    """A periodic check: per chamber or for the whole tool, every `every_wafers` wafers, for some recipes or all."""

    qual_type: str
    areas: tuple[str, ...]
    every_wafers: int
    by_chamber: bool
    recipes: tuple[str, ...] = ()
    limit: float = 30.0
    unit: str = "particles"


@dataclass(frozen=True)
class Plan:
    """Everything that a simulation starts from; the same plan and seed give the same fab."""

    seed: int = 7
    start: datetime = datetime(2026, 3, 2)  # noqa: DTZ001 - naive UTC, as everywhere inside
    days: int = 21
    lots_per_day: float = 5.0
    loops: int = 4
    """How often a lot comes back to the same tool types: the re-entrant flow."""
    products: tuple[str, ...] = ("MCU8", "PMIC2", "SENSOR5")
    abort_rate: float = 0.01
    late_rate: float = 0.06
    """Share of quals whose result takes days instead of hours, and of daily files that come two days late."""
    tool_types: tuple[ToolType, ...] = (
        ToolType("SCANNER", "Litho", 4, minutes_per_lot=35, wear_wafers=5200),
        ToolType("OXETCH", "Etch", 3, ("A", "B"), 50, 1900),
        ToolType("POLYETCH", "Etch", 2, ("A", "B", "C"), 40, 2200),
        ToolType("FURNACE", "Diffusion", 3, (), 180, 4200),
        ToolType("PECVD", "CVD", 3, ("A", "B"), 55, 2400),
        ToolType("IMPLANTER", "Implant", 2, (), 40, 5000),
        ToolType("WETBENCH", "Wet", 2, (), 30, 4800),
        ToolType("POLISHER", "CMP", 3, (), 60, 2100),
        ToolType("INSPECTOR", CHECK, 2, (), 20, 1e9),
    )
    quals: tuple[QualPlan, ...] = (
        QualPlan("particles", ("Etch", "CVD"), 350, by_chamber=True),
        QualPlan("particles", ("Litho", "Diffusion", "Implant", "Wet", "CMP"), 600, by_chamber=False),
        QualPlan("rate", ("Etch", "CMP"), 900, by_chamber=False, limit=12.0, unit="nm/min"),
        QualPlan("thickness", ("CVD",), 700, by_chamber=True, recipes=("PECVD-R1",), limit=25.0, unit="angstrom"),
    )

    def route(self, product: str) -> list[tuple[str, str]]:
        """The steps of a product: (tool type, recipe); every loop ends at an inspection."""
        shift = self.products.index(product)
        flow = ["WETBENCH", "FURNACE", "SCANNER", "OXETCH", "PECVD", "POLISHER", "IMPLANTER", "POLYETCH", "WETBENCH"]
        steps = []
        for loop in range(self.loops):
            turned = flow[(loop + shift) % 3 :] + flow[: (loop + shift) % 3]
            steps += [(kind, f"{kind}-R{(loop + shift) % 2 + 1}") for kind in turned]
            steps.append(("INSPECTOR", "INSPECTOR-R1"))
        return steps
