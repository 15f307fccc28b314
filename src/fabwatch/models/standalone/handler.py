"""The model as a serverless function: handler.handler takes an event of an HTTP gateway, or the body itself."""

import base64
import json
from pathlib import Path
from typing import Any

from predictor import BadRows, Predictor  # type: ignore[import-not-found]

PREDICTOR = Predictor(Path(__file__).parent)


def handler(event: Any, context: Any = None) -> dict[str, Any]:
    """The answer to one event."""
    del context
    try:
        body = event
        if isinstance(event, dict) and "body" in event:
            text = event["body"] or ""
            body = json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
        status, answer = 200, PREDICTOR.answer(body)
    except BadRows as fault:
        status, answer = 422, {"code": "BadQuestion", "what": str(fault)}
    except ValueError as fault:
        status, answer = 400, {"code": "BadRequest", "what": f"the body is no JSON: {fault}"}
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(answer)}
