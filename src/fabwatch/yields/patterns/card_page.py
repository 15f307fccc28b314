"""The card of the trained network as a page."""

import json
from importlib import resources
from typing import Any

UNLIKE = ("auroc_distance", "auroc_centre", "auroc_nearest", "auroc_least_probability", "auroc_energy")


def card_page() -> str:
    """The card in the package as Markdown: data, licence, split, recipe, figures, use, limits."""
    return page_of(json.loads(resources.files("fabwatch.yields.patterns").joinpath("card.json").read_text()))


def page_of(card: dict[str, Any]) -> str:
    """A card as Markdown."""
    return "".join(
        [
            "# Card of the wafer map network\n\n",
            f"Data: {card['data']}.\n\n*Licence of the data:* {card['licence']}\n\n",
            "".join(f"{place}. {cited}\n" for place, cited in enumerate(card["citations"], 1)),
            f"\n*Use:* {card['use']}\n\n*Limits:*\n\n",
            "".join(f"- {limit}\n" for limit in card["limits"]),
            _split(card["split"]),
            _scores(card["figures"]),
            _confusion(card["figures"]["report"]["confusion"]),
            _few_dies(card),
            _several(card["figures"]["mixed"]),
            _unknown(card["unknown_patterns"]),
            _recipe(card),
        ]
    )


def _split(split: dict[str, Any]) -> str:
    counts = ", ".join(f"{name} {n:,}" for name, n in split["learned_from_by_pattern"].items())
    return (
        f"\n## Split\n\nBy {split['by']}. Learned from {split['learned_from']:,} maps ({counts}); "
        f"{split['report_only']:,} of the training file were kept out of training and of every choice, to report on; "
        f"chosen on {split['validation']:,} of the validation file. Left out of training: "
        f"{split['left_out_copies']:,} copies, {split['left_out_conflicting_labels']:,} with two labels, "
        f"{split['left_out_also_in_validation']:,} that are also in the validation file.\n"
    )


def _scores(figures: dict[str, Any]) -> str:
    chosen, report = figures["validation"], figures["report"]
    rows = [
        f"| {word} | {chosen[key]:.4f} | {report[key]:.4f} |\n"
        for word, key in (
            ("macro-F1, nine patterns", "macro_f1"),
            ("macro-F1 without none", "macro_f1_without_none"),
            ("accuracy", "accuracy"),
            ("expected calibration error", "ece"),
            ("ms of processor time a map", "ms_per_map"),
        )
    ]
    rows += [
        f"| F1 {name} ({other['n']:,} and {one['n']:,} maps) | {_number(other['f1'])} | {_number(one['f1'])} |\n"
        for (name, one), other in zip(report["per_class"].items(), chosen["per_class"].values(), strict=True)
    ]
    return (
        "\n## Figures\n\nThe validation part chose τ, temperature and limits, so that its figures flatter a little; the "
        "report part is smaller.\n\n| | validation | report |\n|---|---|---|\n"
        + "".join(rows)
        + f"\nThe file has {figures['onnx_bytes']:,} "
        f"bytes; its answers differ from torch's by at most {figures['largest_difference_from_torch']:.1g}.\n"
    )


def _few_dies(card: dict[str, Any]) -> str:
    """The figures of the network for maps of few dies, on maps drawn so."""
    few = card["few_dies"]
    chosen, report = few["figures"]["validation"], few["figures"]["report"]
    scores = ", ".join(f"{name} {_number(one['f1'])}" for name, one in report["per_class"].items())
    return (
        "\n## Maps of few dies\n\nMaps with fewer than 22 dies across are shown to a second network. The public maps have "
        "none, so it is measured on public maps drawn as wafers of 8 to 28 dies across (scratches, which would vanish, as "
        f"they are): macro-F1 {chosen['macro_f1']:.4f} on validation, {report['macro_f1']:.4f} on the report part "
        f"({scores}), expected calibration error {report['ece']:.4f}. The file has {few['figures']['onnx_bytes']:,} bytes.\n"
    )


def _confusion(table: dict[str, dict[str, int]]) -> str:
    lines = [
        f"| {name} | {', '.join(f'{other} {n:,}' for other, n in sorted(row.items(), key=lambda item: -item[1]))} |\n"
        for name, row in table.items()
    ]
    return "\n## Confusion on the report part\n\n| label | taken for |\n|---|---|\n" + "".join(lines)


def _several(mixed: dict[str, Any]) -> str:
    return (
        f"\n## Several patterns\n\nOf {mixed['pairs']:,} pairs of report maps laid over each other both patterns are named "
        f"in {mixed['both_named']:.1%}; of report maps with one label {mixed['single_maps_said_to_be_several']:.1%} look "
        "like several.\n"
    )


def _unknown(unknown: dict[str, Any] | None) -> str:
    if unknown is None:
        return "\n## Unknown patterns\n\nNot measured.\n"
    lines = [
        f"| {name} | {' | '.join(f'{one[kind]:.3f}' for kind in UNLIKE)} | {one['found_at_1_percent_false_alarms']:.1%} |\n"
        for name, one in {**unknown["held_out"], "mean without none": unknown["mean"]}.items()
    ]
    return (
        f"\n## Unknown patterns\n\nEach pattern held out in turn from a short training of its own ({unknown['recipe']}): "
        "figures of smaller networks than the one in the package. AUROC by `distance` (which is what `unknown` uses), by "
        "its three signs alone (from the centre of the nearest pattern, from the tenth nearest map, and the least "
        "probability in place of the entropy) and by energy; and the share found by `distance` where 1 % of known maps are "
        "false alarms."
        "\n\n"
        "| held out | distance | centre | nearest maps | least probability | energy | found |\n"
        + ("|---" * 7 + "|\n")
        + "".join(lines)
    )


def _recipe(card: dict[str, Any]) -> str:
    both = {"maps as they are": card, "maps of few dies": card["few_dies"]}
    settings = {name: {**one["recipe"], **one["chosen_on_validation"]} for name, one in both.items()}
    lines = [f"- {name}: {', '.join(f'{key} {value:g}' for key, value in own.items())}\n" for name, own in settings.items()]
    note = f"\n{card['note']}\n" if card.get("note") else ""
    taught = f"\nTaught by a network of the same shape that learned from labels alone (seed {card['taught_by']['seed']}).\n"
    return "\n## Recipe\n\n" + "".join(lines) + taught + note


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
