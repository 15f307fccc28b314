"""A trained network as one ONNX file, compared with torch before it is kept (needs torch and onnx)."""

import io
import json
import warnings
from typing import Any

import numpy as np
import torch

from fabwatch.models.images.learning import answers
from fabwatch.models.images.reading import Pixels
from fabwatch.models.images.served import INPUT, OUTPUTS, ServedPictures
from fabwatch.terms.errors import ParityFailed

OPSET = 17
CLOSE = 1e-4
"""Largest difference allowed between the file and torch, and between a logit and the sum of its heat."""


def exported(network: Any, size: int, about: dict[str, Any]) -> bytes:
    """The file: weights and what is needed to use them in one."""
    import onnx

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # torch warns that this exporter is the older one; the newer one writes weights into a second file.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.to(memory_format=torch.contiguous_format).eval(),
            (torch.zeros(2, 3, size, size),),
            buffer,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "n"} for name in (INPUT, *OUTPUTS)},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    onnx.helper.set_model_props(model, {name: json.dumps(value, ensure_ascii=False) for name, value in about.items()})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def parity(content: bytes, network: Any, base: Any, pixels: Pixels, seed: int) -> tuple[int, float]:
    """Pictures compared, and the largest difference of the file from torch. Raises ParityFailed above 1e-4."""
    every = np.concatenate([pixels, odd_pictures(pixels.shape[1], seed)])
    seen = ServedPictures(content).look(every)
    expected = answers(network, every)
    difference = max(
        float(np.abs(ours - theirs).max())
        for ours, theirs in zip((seen.logits, seen.embedding, seen.heat), expected, strict=True)
    )
    if not difference <= CLOSE:
        raise ParityFailed(f"The ONNX file differs from the network by {difference:.2g}; it is not kept.")
    rest = float(np.abs(seen.heat.astype(np.float64).sum((2, 3)) + base - seen.logits).max())
    if not rest <= CLOSE:
        raise ParityFailed(f"What the places add differs from the score by {rest:.2g}; the file is not kept.")
    return len(every), max(difference, rest)


def odd_pictures(size: int, seed: int) -> Pixels:
    """Pictures that nobody hopes for: black, white, noise, a chess board."""
    chance = np.random.default_rng(seed)
    board = (np.indices((size, size)).sum(0) % 2 * 255).astype(np.uint8)
    flat = [np.full((size, size, 3), value, np.uint8) for value in (0, 255)]
    noise = [chance.integers(0, 256, (size, size, 3)).astype(np.uint8) for _ in range(3)]
    return np.stack([*flat, *noise, np.repeat(board[:, :, None], 3, 2)])
