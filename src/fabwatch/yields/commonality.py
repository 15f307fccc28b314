"""Commonality: the tool, chamber, recipe, product, route or step that bad wafers share, and since when."""

from dataclasses import replace

import numpy as np

from fabwatch.store.questions import filled, question
from fabwatch.store.view import View
from fabwatch.terms.doubts import Doubt
from fabwatch.terms.errors import BadQuestion
from fabwatch.yields.answers import Commonality
from fabwatch.yields.compared import PERIODS
from fabwatch.yields.doubts import NoHistory, OtherNames, TooFewLots
from fabwatch.yields.numbers import Numbers
from fabwatch.yields.population import SHOWN, Population
from fabwatch.yields.search import FEWEST_LOTS, Search, span_of

METHOD = (
    "Each tool, chamber, recipe, product, route, and tool at a step that the wafers passed, over the whole time and over "
    "stretches of it: the exact chance of so many bad wafers among those that passed it (hypergeometric). Wafers of one lot "
    "count as the independent ones that they are worth by their correlation within lots, and within lots of which only some "
    "wafers passed it these are compared with the others; searching many stretches is paid for with their number; "
    "findings have a false discovery rate of at most 5 % (Benjamini and Hochberg). Fewer than three "
    "lots with bad wafers are inconclusive. Effect = share of bad wafers among those that passed it less that among the "
    "others, with its 95 % interval (Newcombe). The stretch is where the likelihood ratio of its lots in order is largest."
)


NUMBER_METHOD = (
    "Each tool, chamber, recipe, product, route, and tool at a step that the wafers passed, over the whole time and over"
    " stretches of it: ranks of lots by their median, weighted by the share of the lot that passed it, and aligned ranks"
    " of wafers within lots of which only some did (Hodges and Lehmann 1962), put together by Fisher's method; either "
    "direction counts twice. Stretches are paid for with their number; findings have a false discovery rate of at most 5"
    " % (Benjamini and Hochberg). Fewer than three lots are inconclusive. Effect = median of the differences between "
    "wafers that passed it and others, within lots where they share some, else of the medians of lots, with its 95 % "
    "interval (Hodges and Lehmann 1963). Means of tests are less the level of their product and insertion."
)


def shifted(view: View, numbers: Numbers) -> Commonality:
    """What shifts a number of wafers."""
    answer = commonality(view, numbers.population, NUMBER_METHOD)
    return replace(answer, value=numbers.value, unit=numbers.unit, direction=numbers.population.direction)


def commonality(view: View, population: Population, method: str = METHOD) -> Commonality:
    """What the bad wafers share."""
    population.hand_over(view)
    span = span_of(view)
    sql = filled(question("yields", "commonality"), periods=str(PERIODS))
    doubts: list[Doubt] = []
    if population.unknown:
        doubts.append(OtherNames(len(population.unknown), ", ".join(population.unknown[:SHOWN])))
    search = Search(view, population, sql, span) if span else None
    without = len(population.lots) - (0 if search is None else search.with_history)
    if without:
        doubts.append(NoHistory(without))
    shows = population.bad if population.values is None else np.ones(len(population.lots), bool)
    bad_lots = len(set(population.lot_numbers[shows].tolist()))
    if bad_lots < FEWEST_LOTS:
        doubts.append(TooFewLots(bad_lots, FEWEST_LOTS))
    findings = search.findings() if search is not None and bad_lots >= FEWEST_LOTS else []
    return Commonality(
        *view.header(method, sql),
        conclusive=bool(findings),
        bad=int(population.bad.sum()),
        good=int((~population.bad).sum()),
        lots=len(set(population.lot_numbers.tolist())),
        among_tested=population.tested,
        tried=0 if search is None else search.tried,
        findings=tuple(findings),
        doubts=tuple(doubts),
    )


def share_of(text: float) -> float:
    """A yield as a share: .85 and 85 are the same. Raises BadQuestion for a share above 1 that is no percentage."""
    share = text / 100 if 1 < text <= 100 else text
    if not 0 < share <= 1:
        raise BadQuestion(f"A yield of {text:g} is not between 0 and 1.", "such as 0.85, or 85 for 85 %")
    return share
