"""A version that learns from the newer rows as well, compared with the one before on rows that neither learned from."""

from dataclasses import replace
from typing import TYPE_CHECKING

from fabwatch.models.comparing import compare
from fabwatch.models.differing import stands_in
from fabwatch.models.registry import Registry, Version
from fabwatch.models.training import Say, train
from fabwatch.models.watching.answers import Retrained
from fabwatch.terms.answers import Header
from fabwatch.terms.errors import BadQuestion

if TYPE_CHECKING:
    import pandas as pd


def retrained(
    registry: Registry,
    version: Version,
    frame: "pd.DataFrame",
    header: Header,
    minutes: float,
    workers: int,
    say: Say,
) -> Retrained:
    """Learn again by the same recipe from the old rows and the new ones; nothing is switched on. Raises BadQuestion."""
    import pandas as pd

    table = version.table()
    lacking = [name for name in (version.card["target"], version.recipe.time, version.recipe.group) if name]
    lacking = [name for name in lacking if name not in frame.columns]
    if lacking:
        raise BadQuestion(
            f"The rows have no column {lacking[0]!r}: nothing can be learned from them.", "give rows with what came out"
        )
    new = frame[~stands_in(frame, table)]
    if not len(new):
        raise BadQuestion(f"All of these rows are in the table of {version} already.", "give newer rows")
    whole = pd.concat([table, new.reindex(columns=table.columns)], ignore_index=True)
    recipe = replace(version.recipe, candidate=None)
    trained = train(
        whole, recipe, version.name, registry, header, minutes=minutes, source="retrained", workers=workers, say=say
    )
    later = registry.find(f"{trained.model}@{trained.version}")
    rows = whole.iloc[later.held_out()["place"].to_numpy()]
    result = compare(registry, str(version), str(later), rows, header, workers, taken_apart=False)
    return Retrained(
        trained.model,
        trained.version,
        result.metric,
        result.rows_,
        result.a,
        result.b,
        result.difference,
        result.low,
        result.high,
        result.p,
        result.words,
    )
