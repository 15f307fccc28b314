"""A rule switched on or off: a word stands for yes or no."""

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
    """Let a rule count, with its figures on the record, or no more; who and why stand in the audit."""
    from fabwatch.cli import output
    from fabwatch.terms.errors import BadQuestion

    if to not in ("on", "off"):
        raise BadQuestion(f"A rule is switched on or off, not {to}.", f"fabwatch trace switch {rule} on --reason …")
    with opened(fab) as door, output.working("trying the rule on the record …"):
        answer = door.switch_rule(rule, to == "on", who=who_of(who), reason=reason)
    if not output.data(answer, as_json, as_csv=False):
        output.rows(answer, lang)
