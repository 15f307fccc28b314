"""The model as a Cloud Run function: takes a request and answers by the handler that is exported beside it."""

from typing import Any

from handler import handler  # type: ignore[import-not-found, unused-ignore]


def predict(request: Any) -> tuple[str, int, dict[str, str]]:
    """The answer to one request: body, status and headers."""
    answer = handler({"body": request.get_data(as_text=True)})
    return answer["body"], answer["statusCode"], answer["headers"]
