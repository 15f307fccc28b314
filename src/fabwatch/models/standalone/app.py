"""The model as a service of its own: uvicorn app:app."""

from pathlib import Path
from typing import Any

from fastapi import Body, FastAPI, HTTPException
from predictor import BadRows, Predictor  # type: ignore[import-not-found]

PREDICTOR = Predictor(Path(__file__).parent)
NAME = PREDICTOR.about["model"]
app = FastAPI(title=NAME, docs_url=None, redoc_url=None)


@app.get("/health")
def health() -> dict[str, Any]:
    """Which model and version is served."""
    return {"model": NAME, "version": PREDICTOR.about["version"]}


@app.get(f"/api/v1/models/{NAME}")
def model() -> dict[str, Any]:
    """The columns that it takes, with their ranges and an example that works."""
    about: dict[str, Any] = PREDICTOR.about
    return about


@app.post(f"/api/v1/models/{NAME}/predict")
def predict(body: Any = Body()) -> dict[str, Any]:  # noqa: B008 - how FastAPI is told where it comes from
    """What the model says of rows."""
    try:
        answer: dict[str, Any] = PREDICTOR.answer(body)
    except BadRows as fault:
        raise HTTPException(422, str(fault)) from fault
    return answer
