"""A version as a folder that runs without fabwatch: the ONNX file alone, a service, or a serverless function."""

import json
import shutil
from collections.abc import Callable
from importlib.metadata import version as version_of
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args
from uuid import uuid4

from fabwatch.models.registry import Version
from fabwatch.terms.errors import BadQuestion, NoSuchPath

Form = Literal["onnx", "fastapi", "lambda"]
FORMS: tuple[Form, ...] = get_args(Form)
Write = Callable[[Version, Form, Path], None]
"""Writes the files of a version into a folder that is there."""
CODE: dict[Form, tuple[str, ...]] = {
    "onnx": (),
    "fastapi": ("predictor.py", "app.py"),
    "lambda": ("predictor.py", "handler.py"),
}
NEEDS: dict[Form, tuple[str, ...]] = {
    "onnx": ("numpy", "onnxruntime"),
    "fastapi": ("fastapi", "numpy", "onnxruntime", "uvicorn"),
    "lambda": ("numpy", "onnxruntime"),
}
DOCKER = """FROM python:3.12-slim
WORKDIR /model
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER 65534
{command}
"""
SERVE = 'EXPOSE 8000\nCMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8000"]'
RUN: dict[Form, str] = {
    "onnx": "Run `model.onnx` with onnxruntime: the input `rows` (double, one number a column in the order of `model.json`) "
    "gives `prediction`, `score` and what each column adds. A number that is missing is NaN; a category is the place of its "
    "level, NaN where it is missing, and -1 where it is none of the levels.",
    "fastapi": "    pip install -r requirements.txt\n    uvicorn app:app --port 8000\n\nor build the container: "
    "`docker build -t {name} .`, then `docker run --read-only -p 8000:8000 {name}`.",
    "lambda": "Install `requirements.txt` beside the code, zip the folder, set the handler to `handler.handler`; or try it "
    "here:\n\n    python -c 'import handler, json; print(handler.handler(json.load(open(\"example.json\"))))'",
}


def export(version: Version, form: str, out: Path, write: Write | None = None) -> Path:
    """Write a version into a new folder, by `write` where it is of no table.

    Raises BadQuestion for another form or a folder that is not empty, and NoSuchPath.
    """
    if form not in FORMS:
        raise BadQuestion(f"A model is exported as {', '.join(FORMS)} (got {form[:20]}).", "--as fastapi")
    own: Form = form
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadQuestion(f"{str(out)!r} is there already.", "name a new folder with -o")
    if not out.absolute().parent.is_dir():
        raise NoSuchPath(f"{str(out.parent)!r} is no folder.", "make it first, or name another")
    made = out.absolute().with_name(f".{out.name}-{uuid4().hex[:8]}")
    made.mkdir()
    try:
        (write or _write)(version, own, made)
        if out.exists():
            out.rmdir()
        made.rename(out)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return out


def _write(version: Version, form: Form, folder: Path) -> None:
    card = version.card
    about = {
        name: card.get(name)
        for name in ("kind", "target", "classes", "positive", "threshold", "base", "schema", "held_out", "limits")
    }
    about = {"model": version.name, "version": version.number, "example": version.schema.example(), **about}
    body = {"rows": [about["example"]], "contributions": "trees" not in card}
    (folder / "model.onnx").write_bytes(version.onnx)
    write_json(folder / "model.json", about)
    write_json(folder / "example.json", body)
    for name in CODE[form]:
        text = files("fabwatch.models.standalone").joinpath(name).read_text("utf-8")
        (folder / name).write_text(text, "utf-8")
    needs = [f"{name}=={version_of(name)}" for name in NEEDS[form]]
    (folder / "requirements.txt").write_text("\n".join(needs) + "\n", "utf-8")
    if form == "fastapi":
        (folder / "Dockerfile").write_text(DOCKER.format(command=SERVE), "utf-8")
    held = card["held_out"]
    figure = f"{held['metric']} {held['value']:.3g} on {held['rows']} rows held out"
    text = f"# {version}\n\nPredicts {card['target']} ({card['kind']}): {figure} "
    text += f"{card['split']}.\n\n{RUN[form].format(name=version.name.lower())}\n\n## Limits\n\n"
    (folder / "README.md").write_text(text + "".join(f"- {limit}\n" for limit in card["limits"]), "utf-8")


def write_json(path: Path, value: object) -> None:
    """Write plain data."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
