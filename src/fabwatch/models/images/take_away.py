"""A version of pictures in a folder that runs without fabwatch: the ONNX file with what is needed to use it."""

from importlib.metadata import version as version_of
from pathlib import Path

from fabwatch.models.exporting import Form, write_json
from fabwatch.models.images.reading import NAMES
from fabwatch.models.registry import Version
from fabwatch.terms.errors import BadQuestion

NEEDS = ("numpy", "onnxruntime", "pillow")
USE = """Run `model.onnx` with onnxruntime. The input `pictures` (float, n × 3 × {size} × {size}; colours from 0 to 1)
is a picture ({names}) made upright, drawn by averaging as large as it fits into the middle of the square, the rest
filled with its mean colour. `logits` gives a score for each class in the order of `model.json`: their softmax are the
chances. `heat` is what each place adds to each score: with the `base` of its class it sums to it. `embedding` is alike
for pictures that look alike.
"""


def write(version: Version, form: Form, folder: Path) -> None:
    """Write the files of a version. Raises BadQuestion for a form that takes rows of a table."""
    if form != "onnx":
        raise BadQuestion(f"A model of pictures is exported as onnx alone (got {form}).", "--as onnx")
    card = version.card
    names = ("kind", "target", "classes", "base", "held_out", "limits", "pictures")
    about = {"model": version.name, "version": version.number, **{name: card.get(name) for name in names}}
    (folder / "model.onnx").write_bytes(version.onnx)
    write_json(folder / "model.json", about)
    needs = [f"{name}=={version_of(name)}" for name in NEEDS]
    (folder / "requirements.txt").write_text("\n".join(needs) + "\n", "utf-8")
    held = card["held_out"]
    text = f"# {version}\n\nTells pictures apart: {', '.join(card['classes'])}. {held['metric']} {held['value']:.3g} on "
    text += f"{held['rows']} pictures held out {card['split']}.\n\n{USE.format(size=card['pictures']['size'], names=NAMES)}"
    limits = "".join(f"- {limit}\n" for limit in card["limits"])
    (folder / "README.md").write_text(f"{text}\n## Limits\n\n{limits}", "utf-8")
