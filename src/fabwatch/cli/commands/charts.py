"""Special commands about control charts: those of any table, and the study of a gauge; neither needs a fab."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fabwatch.cli.options import CsvOption, JsonOption, Lang

FileArgument = Annotated[Path, typer.Argument(help="The table: CSV, .xlsx or Parquet.", metavar="FILE")]
Kind = Literal["imr", "between", "xbar-r", "xbar-s", "ewma", "cusum", "t2"]


def add_to(spc: typer.Typer) -> None:
    """Add these commands to the group of control charts."""
    spc.command()(table)
    spc.command()(gauge)


def table(
    file: FileArgument,
    value: Annotated[list[str], typer.Option("--value", help="Column of readings; may stand several times.")],
    group: Annotated[
        list[str] | None,
        typer.Option("--group", help="Column of subgroups; several for nested ones, the outermost first (lot, wafer)."),
    ] = None,
    chart: Annotated[Kind | None, typer.Option("--chart", help="Kind of chart; else as the readings choose.")] = None,
    rules: Annotated[Literal["nelson", "weco"], typer.Option("--rules", help="Rules that points are judged by.")] = "nelson",
    lower: Annotated[float | None, typer.Option("--lower", help="Lower specification limit.")] = None,
    upper: Annotated[float | None, typer.Option("--upper", help="Upper specification limit.")] = None,
    part: Annotated[str | None, typer.Option("--part", help="Column of the part or product, for short runs.")] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Column of the target of each reading, for short runs.")
    ] = None,
    standardized: Annotated[
        bool, typer.Option("--standardized", help="Short runs in standard deviations of their part.")
    ] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """Control charts of any table: no fab is needed."""
    from fabwatch.cli import output
    from fabwatch.cli.tables import charts
    from fabwatch.fab.charts import ChartOptions, charts_of_table
    from fabwatch.terms.clock import utc_now

    answer = charts_of_table(
        file,
        value,
        moment=utc_now().replace(microsecond=0),
        groups=group or (),
        options=ChartOptions(chart, rules),
        lower=lower,
        upper=upper,
        part=part,
        target=target,
        standardized=standardized,
    )
    if not output.data(answer, as_json, as_csv):
        charts.control_charts(answer, lang)


def gauge(
    file: FileArgument,
    value: Annotated[str, typer.Option("--value", help="Column of readings.")],
    part: Annotated[str, typer.Option("--part", help="Column of the part that was measured.")],
    operator: Annotated[str, typer.Option("--operator", help="Column of who or what measured it.")],
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", min=0, help="Upper less lower specification limit.")
    ] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    lang: Lang = "en",
) -> None:
    """How much of the spread is the measuring: a crossed gauge study (R&R) of a table."""
    from fabwatch.cli import output
    from fabwatch.fab.charts import gauge_of_table
    from fabwatch.terms.clock import utc_now

    moment = utc_now().replace(microsecond=0)
    answer = gauge_of_table(file, value, part, operator, moment=moment, tolerance=tolerance)
    if not output.data(answer, as_json, as_csv):
        output.rows(answer, lang)
