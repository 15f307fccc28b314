"""Sparkplug B: the metrics of edge nodes and their devices as rows, one for each moment.

A birth names each metric with its alias and type; data after it may carry the alias alone. What births said is remembered
from batch to batch. The messages are Protocol Buffers, read here field by field.
"""

import struct
from collections.abc import Iterator
from typing import Any

from fabwatch.live.payloads import Cells, NotUnderstood
from fabwatch.terms.clock import moment_at

Births = dict[str, dict[str, list[Any]]]
"""By edge node and device: {alias or name: [name, type]}."""
ROOT = "spBv1.0"
SILENT = ("NDEATH", "DDEATH", "NCMD", "DCMD", "STATE")
"""Kinds of messages without measurements."""
OF_NODE = ("bdSeq", "Node Control/", "Device Control/")
"""Metrics that steer a node."""
BITS = {1: 8, 2: 16, 3: 32, 4: 64}
"""Types of whole numbers with a sign, and how many bits they have."""
MOMENT = 13
_VARINT, _EIGHT, _TEXT, _FOUR = 0, 1, 2, 5
_NAME, _ALIAS, _AT, _TYPE, _NULL = 1, 2, 3, 4, 7
_INT, _LONG, _FLOAT, _DOUBLE, _BOOLEAN, _STRING = 10, 11, 12, 13, 14, 15


def rows_of(topic: str, payload: bytes, births: Births) -> list[Cells]:
    """The rows of a message; what a birth says goes into `births`. Raises NotUnderstood."""
    levels = topic.split("/")
    if len(levels) < 4 or levels[0] != ROOT:
        raise NotUnderstood(f"its topic is not one of Sparkplug: {ROOT}/GROUP/TYPE/NODE/DEVICE")
    kind, place = levels[2], "/".join([levels[1], *levels[3:]])
    if kind in SILENT:
        return []
    if kind.endswith("BIRTH"):
        births[place] = {}
    rows: dict[int, Cells] = {}
    try:
        fields = list(_fields(payload))
        sent = next((int(value) for number, value in fields if number == 1), 0)
        for number, value in fields:
            if number == 2:
                _metric(dict(_fields(value)), sent, births.setdefault(place, {}), rows)
    except (ValueError, TypeError, IndexError, struct.error, OverflowError) as fault:
        raise NotUnderstood(f"it is not a payload of Sparkplug B: {fault}") from None
    return [rows[at] for at in sorted(rows)]


def _metric(metric: dict[int, Any], sent: int, known: dict[str, list[Any]], rows: dict[int, Cells]) -> None:
    """Put a metric into the row of its moment."""
    name = metric[_NAME].decode("utf-8") if _NAME in metric else None
    alias = str(metric[_ALIAS]) if _ALIAS in metric else None
    if name is None:
        if alias not in known:
            raise NotUnderstood(f"no birth has named its metric with the alias {alias}; let the node be born again")
        name, kind = known[alias]
    else:
        kind = known.get(name, [name, 0])[1]
    kind = metric.get(_TYPE, kind)
    for mark in (alias, name):
        if mark is not None:
            known[mark] = [name, kind]
    if name.startswith(OF_NODE) or metric.get(_NULL):
        return
    value = _value(metric, kind)
    if value is not None:
        at = metric.get(_AT, sent)
        row = rows.setdefault(at, {"time": f"{moment_at(at / 1000).isoformat(timespec='milliseconds')}Z"})
        row[" ".join(name.split())] = value


def _value(metric: dict[int, Any], kind: int) -> str | None:
    """The value of a metric as text; None for data sets, templates and bytes, which are no single value."""
    for number in (_INT, _LONG):
        if number in metric:
            whole = int(metric[number])
            bits = BITS.get(kind, 0)
            if bits:
                whole &= (1 << bits) - 1
                whole -= (1 << bits) if whole >> (bits - 1) else 0
            return f"{moment_at(whole / 1000).isoformat(timespec='milliseconds')}Z" if kind == MOMENT else str(whole)
    if _FLOAT in metric:
        # As many digits as a number of four bytes has.
        return f"{struct.unpack('<f', metric[_FLOAT])[0]:.7g}"
    if _DOUBLE in metric:
        return repr(struct.unpack("<d", metric[_DOUBLE])[0])
    if _BOOLEAN in metric:
        return "true" if metric[_BOOLEAN] else "false"
    return metric[_STRING].decode("utf-8") if _STRING in metric else None


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message of Protocol Buffers: number and value. Raises ValueError."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _TEXT:
            length, at = _varint(data, at)
        elif wire in (_EIGHT, _FOUR):
            length = 8 if wire == _EIGHT else 4
        else:
            raise ValueError(f"a field of the kind {wire}")
        if at + length > len(data) or number == 0:
            raise ValueError("it ends within a field")
        yield number, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("it ends within a number")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
