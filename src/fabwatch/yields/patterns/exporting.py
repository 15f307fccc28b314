"""A trained network as one ONNX file, compared with torch before it is kept (needs torch and onnx)."""

import io
import json
import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import nn

from fabwatch.terms.errors import ParityFailed
from fabwatch.yields.patterns.model import Model, Settings
from fabwatch.yields.patterns.preparing import CHANNELS, Squares

OPSET = 17
CLOSE = 1e-4
"""Largest difference allowed between the file and torch, in logits."""


class Served(nn.Module):  # type: ignore[misc]
    """The network with the layer that says which patterns are on a map together."""

    def __init__(self, network: Any, present: Any) -> None:
        super().__init__()
        self.network, self.present = network, present

    def forward(self, batch: Any) -> tuple[Any, Any, Any]:
        """Logits, embedding, and logits of each pattern being there."""
        logits, embedding = self.network(batch)
        return logits, embedding, self.present(embedding)


def exported(network: Any, present: Any, settings: Settings, about: dict[str, str]) -> bytes:
    """The file: weights, settings and card in one."""
    import onnx

    buffer = io.BytesIO()
    example = torch.zeros(2, CHANNELS, settings.size, settings.size)
    names = ["logits", "embedding", "present"]
    with warnings.catch_warnings():
        # torch warns that this exporter is the older one; the newer one writes weights into a second file.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Served(network, present).eval(),
            (example,),
            buffer,
            input_names=["maps"],
            output_names=names,
            dynamic_axes={name: {0: "n"} for name in ("maps", *names)},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    onnx.helper.set_model_props(model, {"settings": json.dumps(asdict(settings)), **about})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def largest_difference(content: bytes, network: Any, present: Any, squares: Squares) -> float:
    """The largest difference between the file and torch over some maps. Raises ParityFailed above CLOSE."""
    served = Served(network, present).eval()
    batch = (squares / 255).astype(np.float32)
    with torch.inference_mode():
        expected = [one.numpy() for one in served(torch.from_numpy(batch))]
    got = Model(content).run(batch)
    difference = max(float(np.abs(one - other).max()) for one, other in zip(got, expected, strict=True))
    if not difference <= CLOSE:
        raise ParityFailed(f"The exported network differs from torch by {difference:.2g}; it is not kept.")
    return difference
