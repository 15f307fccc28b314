"""Publishing: answers of one moment into the fab's database, or as files where other programs look."""

from collections.abc import Iterator, Sequence
from typing import Any

from fabwatch.cmp.answers import Rates
from fabwatch.cmp.questions import RatesQuestion
from fabwatch.connections.answers import Connections
from fabwatch.connections.questions import ConnectionsQuestion
from fabwatch.databases.connecting import connected
from fabwatch.databases.notes import note
from fabwatch.decisions.answers import HoldLists
from fabwatch.decisions.questions import HoldsQuestion
from fabwatch.fab.door import Door
from fabwatch.publish.answers import Published, PublishedTable
from fabwatch.publish.files import write_files
from fabwatch.publish.flat import FlatTable, flat
from fabwatch.publish.functions import oracle_script
from fabwatch.publish.predictions import predictions_table
from fabwatch.quals.answers import Forecasts, Intervals, Score
from fabwatch.quals.questions import ForecastQuestion, IntervalQuestion, ScoreQuestion
from fabwatch.risk.answers import Containment, Plan, Risk
from fabwatch.risk.questions import ContainQuestion, PlanQuestion, RiskQuestion
from fabwatch.store.data_place import place_at
from fabwatch.store.rows import schema_of
from fabwatch.store.view import Answerable, View
from fabwatch.terms.answers import How, Row
from fabwatch.terms.errors import BadQuestion, FabwatchError, unknown
from fabwatch.terms.questions import Timed
from fabwatch.terms.settings.outside import ANSWERS, HOLD_LIST, PublishSettings
from fabwatch.terms.tables import BY_NAME
from fabwatch.terms.version import VERSION
from fabwatch.yields.answers import Yields
from fabwatch.yields.questions import YieldQuestion

METHOD = "The answers to the questions as they stand, all of one snapshot, put in the place of the former ones in one step."
QUESTIONS: dict[str, tuple[Answerable[Any], type]] = {
    "at_risk": (RiskQuestion(), Risk),
    "windows": (ForecastQuestion(), Forecasts),
    "plan": (PlanQuestion(), Plan),
    "intervals": (IntervalQuestion(), Intervals),
    "score": (ScoreQuestion(), Score),
    "holds": (HoldsQuestion(), HoldLists),
    "yields": (YieldQuestion(), Yields),
    "polish_rates": (RatesQuestion(), Rates),
}
"""What can be published, besides the hold list and the tables of the lake; the same names as `terms.settings.ANSWERS`."""
NARROWED = ("tool", "area", "tool_type", "chamber", "qual_type", "lot", "product")
"""Columns that a function takes as parameters."""


class Publishing(Door):
    """Publishes what fab.toml says."""

    def publish(self, name: str) -> Published:
        """Publish `[publish.NAME]`: into a database of fab.toml, a folder or s3://. Raises BadQuestion, CannotPublish."""
        stated = self._publishing(name)
        try:
            answer = self._published(name, stated)
        except FabwatchError as fault:
            note(self.path, "publish", name, self._now(), 0, fault.what)
            raise
        note(self.path, "publish", name, self._now(), sum(one.rows for one in answer.tables), None)
        return answer

    def connections(self) -> Connections:
        """How the fab stands with databases, storage, live sources and channels of alerts."""
        return self.ask(ConnectionsQuestion())

    def _published(self, name: str, stated: PublishSettings) -> Published:
        with self._view(Timed(), None) as view:
            tables = [*self._tables(view, stated)]
            about = {"as_of": view.as_of.replace(tzinfo=None), "snapshot": view.snapshot, "demo": self.settings.fab.demo}
            snapshot, as_of = view.snapshot, view.as_of
        version = self._put(name, stated, tables, about | {"fabwatch": VERSION})
        listed = tuple(PublishedTable(table.name, table.rows.num_rows, table.why) for table in tables)
        how = How(METHOD, "", snapshot)
        return Published(as_of, None, self.settings.fab.demo, how, None, name, stated.to, version, listed)

    def publish_script(self, name: str) -> str:
        """What would be made in a database of Oracle, as a script. Raises BadQuestion."""
        stated = self._publishing(name)
        with self._view(Timed(), None) as view:
            return oracle_script(stated.db_schema, [*self._tables(view, stated)])

    def _publishing(self, name: str) -> PublishSettings:
        known = self.settings.publish
        if not known:
            raise BadQuestion("fab.toml publishes nothing.", "write [publish.NAME] with `to`; see docs/publish.md")
        if name not in known:
            raise unknown("publication", name, known)
        return known[name]

    def _put(self, name: str, stated: PublishSettings, tables: Sequence[FlatTable], about: dict[str, Any]) -> int:
        database = self.settings.databases.get(stated.to)
        if database is None:
            place = place_at(stated.to, self.path, self.settings.fab.s3)
            return write_files(place, stated.form, tables, about)
        if not database.url.startswith("postgresql:"):
            hint = f"fabwatch publish {name} --script > fabwatch.sql writes the package of Oracle; or publish files"
            raise BadQuestion(f"Rows are published into PostgreSQL, and {stated.to} is another database.", hint)
        from fabwatch.publish.postgresql import publish

        with connected(stated.to, database, writing=True) as (connection, _):
            return publish(connection, stated, tables, about)

    def _tables(self, view: View, stated: PublishSettings) -> Iterator[FlatTable]:
        said = _Said(view)
        for name in stated.what or ANSWERS:
            if name in BY_NAME:
                yield _of_lake(view, name)
            elif name == HOLD_LIST:
                yield _hold_list(said)
            else:
                question, kind = QUESTIONS[name]
                rows, why = said.rows(question)
                yield flat(name, kind, rows, NARROWED, (type(question).__doc__ or "").strip(), why)
        if stated.predict:
            yield predictions_table(view, stated.predict, stated.predict_days)


class _Said:
    """What was answered already: the hold list begins with the wafers at risk, which are published as well."""

    def __init__(self, view: View):
        self._view = view
        self._answers: dict[Answerable[Any], Any] = {}

    def of(self, question: Answerable[Any]) -> Any:
        """The answer. Raises what the question raises."""
        if question not in self._answers:
            self._answers[question] = question.answer(self._view)
        return self._answers[question]

    def rows(self, question: Answerable[Any]) -> tuple[list[Row], str | None]:
        """The rows of an answer; none, and why, where there is no answer yet."""
        try:
            return self.of(question).rows(), None
        except FabwatchError as fault:
            if not isinstance(fault, BadQuestion):
                raise
            return [], fault.what


def _hold_list(said: _Said) -> FlatTable:
    """The wafers of every tool with a failed qual that no good one has followed: those to hold."""
    rows: list[Row] = []
    for one in said.of(RiskQuestion()).tools:
        if one.failed_at is not None and one.tool is not None:
            chamber = None if one.chamber == "*" else one.chamber
            stated = ContainQuestion(tool=one.tool, qual_type=one.qual_type, chamber=chamber)
            about = {"failed_tool": one.tool, "failed_qual_type": one.qual_type, "failed_at": one.failed_at}
            rows += [{**about, **row} for row in said.rows(stated)[0]]
    comment = "The wafers to hold: run between the last good qual and the failed one, or after it, and where they are now."
    return flat(HOLD_LIST, Containment, rows, ("failed_tool", "failed_qual_type", "lot"), comment)


def _of_lake(view: View, name: str) -> FlatTable:
    table = BY_NAME[name]
    kinds: dict[str, str] = {column.name: column.kind for column in table.columns}
    fields = ", ".join(kinds)
    rows = view.lake.ask(f"SELECT {fields} FROM {name}").to_arrow_table()
    return FlatTable(
        name, kinds, rows.cast(schema_of(table.columns)), tuple(n for n in NARROWED if n in kinds), table.sentence
    )
