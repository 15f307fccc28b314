"""A made-up fab with known truth: the demo, and the reference of the tests. It labels itself DEMO."""

from fabwatch.sources.synthetic.plan import Plan
from fabwatch.sources.synthetic.simulation import History, simulate
from fabwatch.sources.synthetic.writing import write_exports

__all__ = ["History", "Plan", "simulate", "write_exports"]
