"""The command that switches a rule on or off."""

from typing import Annotated

import typer

from fabwatch.cli.options import HERE, FabOption, JsonOption, Lang, Reason, Who, opened, who_of


def switch(
    rule: Annotated[str, typer.Argument(help="neighbours, setpoint, golden, or one of fab.toml.")],
    to: Annotated[str, typer.Argument(help="on or off.")],
    reason: Reason,
    who: Who = None,
    fab: FabOption = HERE,
    as_json: JsonOption = False,
    lang: Lang = "en",
) -> None:
    """Switch a rule on, with its results on the record, or off; who and why are written to the audit."""
    from fabwatch.cli import output
    from fabwatch.terms.errors import BadQuestion

    if to not in ("on", "off"):
        raise BadQuestion(f"A rule can be switched on or off (got {to}).", f"fabwatch trace switch {rule} on --reason …")
    with opened(fab) as door, output.working("testing the rule on the record …"):
        answer = door.switch_rule(rule, to == "on", who=who_of(who), reason=reason)
    if not output.data(answer, as_json, as_csv=False):
        output.rows(answer, lang)
