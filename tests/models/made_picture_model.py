"""A version of pictures made by hand, without training: it tells red from blue by the mean colour of each sixteenth."""

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from fabwatch.models.images import KIND
from fabwatch.models.images.card import LIMITS, METHOD
from fabwatch.models.images.collection import collected
from fabwatch.models.images.measuring import measured
from fabwatch.models.images.memory import FILE, remembered
from fabwatch.models.images.recipe import PictureRecipe
from fabwatch.models.images.served import ServedPictures
from fabwatch.models.registry import CARD, HELD_OUT, ONNX, Registry

SIZE, CELLS = 32, 4
WEIGHT = np.array([[-12.0, 0.0, 12.0], [12.0, 0.0, -12.0]], np.float32)
"""Of blue and red, for red, green and blue."""
BASE = np.array([0.25, -0.25], np.float32)


def colour(chance: Any, red: bool, size: int = 40) -> Image.Image:
    """Grain of one colour."""
    picture = chance.integers(60, 90, (size, size, 3))
    picture[:, :, 0 if red else 2] += chance.integers(60, 100)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def colours(folder: Path, each: int = 12, seed: int = 0) -> Path:
    """Folders of red and of blue pictures."""
    chance = np.random.default_rng(seed)
    for label in ("blue", "red"):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for n in range(each):
            colour(chance, label == "red").save(folder / label / f"{label}{seed}_{n}.png")
    return folder


def png(picture: Image.Image, form: str = "PNG", **how: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **how)
    return buffer.getvalue()


def red(seed: int = 3) -> Image.Image:
    return colour(np.random.default_rng(seed), red=True)


def bomb(side: int = 60_000) -> bytes:
    """A PNG that claims so many pixels on a side, and holds next to none."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def network() -> bytes:
    """The file: means of places, and from them logits, embedding and heat."""
    side = SIZE // CELLS
    nodes = [
        helper.make_node("AveragePool", ["pictures"], ["seen"], kernel_shape=[side, side], strides=[side, side]),
        helper.make_node("ReduceMean", ["seen"], ["embedding"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["embedding", "weight", "base"], ["logits"], transB=1),
        helper.make_node("Conv", ["seen", "places"], ["heat"]),
    ]
    shapes: dict[str, Any] = {"logits": ["n", 2], "embedding": ["n", 3], "heat": ["n", 2, CELLS, CELLS]}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    inputs = [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])]
    places = WEIGHT[:, :, None, None] / CELLS**2
    values = [numpy_helper.from_array(v, name) for name, v in (("weight", WEIGHT), ("base", BASE), ("places", places))]
    graph = helper.make_graph(nodes, "colours", inputs, outputs, values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def kept(fab: Path, folder: Path, name: str = "colours", **differs: Any) -> None:
    """Put the version into the registry of a fab; `folder` holds what it would have learned from."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    registry, pictures, content = Registry(fab / "models"), collected(folder, SIZE), network()
    seen = ServedPictures(content).look(pictures.pixels)
    held = np.arange(len(pictures)) % 4 == 0
    learned = np.flatnonzero(~held)
    names = tuple(pictures.names[n] for n in learned.tolist())
    memory = remembered(seen.embedding[learned], names, pictures.label[learned], learned, seen.embedding[held], 0)
    figures = measured(pictures.label[held], seen.chances[held], pictures.classes)
    counts = {label: {"pictures": int((pictures.label == n).sum())} for n, label in enumerate(pictures.classes)}
    card = {
        "format": 1, "fabwatch": "0", "libraries": {}, "model": name, "made_at": "2026-05-01T00:00:00Z", "kind": KIND,
        "target": "class", "classes": list(pictures.classes), "positive": None, "source": folder.name,
        "rows": len(pictures), "learned_from": len(learned), "period": None, "split": "random", "learner": "colours",
        "settings": "by hand", "recipe": PictureRecipe(size=SIZE).plain(), "schema": [], "threshold": None, "cost": None,
        "held_out": figures, "random_split": figures, "floor": {**figures, "by": "always 'blue'"}, "challengers": [],
        "not_tried": 0, "dropped": [], "suspects": [], "importance": [], "shapes": {}, "stability": {}, "proof": {},
        "by_slice": [], "base": BASE.tolist(), "limits": LIMITS, "method": METHOD, "doubts": [],
        "onnx": {"parity": 0.0, "rows": 0, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()},
        "table": {"sha256": registry.keep_table(pictures.table()), "rows": len(pictures), "columns": 6},
        "pictures": {"size": SIZE, "counts": counts, "set_aside": [], "set_aside_count": 0},
        **differs,
    }  # fmt: skip
    card["digest"] = hashlib.sha256(json.dumps(card, sort_keys=True).encode()).hexdigest()
    buffer = io.BytesIO()
    pq.write_table(pa.table({"place": np.flatnonzero(held)}), buffer)
    files = {ONNX: content, HELD_OUT: buffer.getvalue(), FILE: memory.packed(pictures.pixels)}
    registry.add(name, card["digest"], {**files, CARD: json.dumps(card).encode()})
