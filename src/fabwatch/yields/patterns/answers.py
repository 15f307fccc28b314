"""What is said about wafer maps, and how well labelled ones were told apart."""

from dataclasses import dataclass
from typing import Any

from fabwatch.terms.answers import Json, Row, plain
from fabwatch.terms.words import sentence


@dataclass(frozen=True)
class SimilarMap:
    """A map that looks like another: cosine of their embeddings, 1 for the same."""

    lot: str
    wafer: str
    origin: str
    likeness: float


@dataclass(frozen=True)
class FoundPattern:
    """A pattern on a map, and the chance that it is there."""

    pattern: str
    probability: float


@dataclass(frozen=True)
class MapAnswer:
    """What a map shows."""

    lot: str
    wafer: str
    pattern: str
    """The most likely pattern."""
    probability: float
    """Its calibrated probability among the nine."""
    unknown: bool
    """True where the map is more unlike all that was trained on than all but 1 % of maps of known patterns."""
    patterns: tuple[FoundPattern, ...]
    """All patterns on it where it shows several, the likeliest first; else the one."""
    similar: tuple[SimilarMap, ...]
    distance: float
    """How unlike all that was trained on it is, in standard deviations (0: usual); `unknown` beyond the model's limit."""
    dies: int
    failed: int
    origin: str
    notch: str
    """Where the notch was in the file; empty if the file does not say. The map was turned to notch down."""
    doubts: tuple[Any, ...]


@dataclass(frozen=True)
class FileRefused:
    """A file that could not be read as wafer maps."""

    file: str
    why: str
    hint: str


@dataclass(frozen=True)
class MapAnswers:
    """What the maps show, in the order in which they were given, and the files that could not be read."""

    maps: tuple[MapAnswer, ...]
    refused: tuple[FileRefused, ...] = ()
    method: str = ""

    def to_dict(self) -> Json:
        """Plain data: what `--json` prints."""
        return {**plain(self), "sentence": self.sentence()}

    def rows(self) -> list[Row]:
        """One row a map."""
        return [
            {
                "lot": one.lot,
                "wafer": one.wafer,
                "pattern": one.pattern,
                "probability": round(one.probability, 4),
                "unknown": one.unknown,
                "patterns": " + ".join(part.pattern for part in one.patterns),
                "dies": one.dies,
                "failed": one.failed,
                "origin": one.origin,
                "doubts": "; ".join(map(str, one.doubts)),
            }
            for one in self.maps
        ]

    def sentence(self, language: str = "en") -> str:
        """How many maps show a pattern, and which one most of them."""
        showing = [one.pattern for one in self.maps if one.pattern != "none" and not one.unknown]
        unknown = sum(one.unknown for one in self.maps)
        counts = {pattern: showing.count(pattern) for pattern in dict.fromkeys(showing)}
        most = max(counts, key=lambda pattern: counts[pattern], default="")
        key = "maps_classified" if most else "maps_without_pattern"
        return sentence(
            language, key, maps=len(self.maps), shown=len(showing), most=most, count=counts.get(most, 0), unknown=unknown
        )


@dataclass(frozen=True)
class ClassScore:
    """How well one pattern is told from the others."""

    n: int
    precision: float | None
    """None where no map was taken to show it."""
    recall: float | None
    """None where no map shows it."""
    f1: float | None


@dataclass(frozen=True)
class MapScore:
    """How well labelled maps were told apart."""

    n: int
    accuracy: float
    macro_f1: float
    """Mean of F1 over the patterns that occur in the labels or the answers."""
    macro_f1_without_none: float | None
    per_class: dict[str, ClassScore]
    ece: float
    """Expected calibration error of the answered pattern's probability, 15 equal bins (Guo et al. 2017)."""
    ms_per_map: float
    """Processor time a map, reading not counted."""
    confusion: dict[str, dict[str, int]]
    """By label, then by answer."""
    unknown: int
    """Maps that were said to be of no known pattern."""

    def to_dict(self) -> Json:
        """Plain data: what `--json` prints."""
        return {**plain(self), "sentence": self.sentence()}

    def rows(self) -> list[Row]:
        """One row a pattern."""
        return [
            {"pattern": name, "n": one.n, "precision": one.precision, "recall": one.recall, "f1": one.f1}
            for name, one in self.per_class.items()
        ]

    def sentence(self, language: str = "en") -> str:
        """Macro-F1, accuracy and calibration in one sentence."""
        return sentence(language, "maps_scored", n=self.n, macro_f1=self.macro_f1, accuracy=self.accuracy, ece=self.ece)
