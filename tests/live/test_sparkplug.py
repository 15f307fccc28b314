"""Sparkplug B: metrics are samples, births name what data calls by its alias, and what nobody named is set aside."""

import struct
from pathlib import Path
from typing import Any

import pytest

from fabwatch.fab import Fab
from tests.live.sources import load_all, made, source

TOML = """
[live.edge]
kind = "log"
url = "mqtt://127.0.0.1"
payload = "sparkplug"
topics = "spBv1.0/{area}/+/{node}/{tool}"
"""
AT = 1_782_864_000_000
INT16, FLOAT, DOUBLE, STRING = 2, 9, 10, 12


def number(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def part(field: int, value: int | bytes, wire: int | None = None) -> bytes:
    if isinstance(value, int):
        return number(field << 3) + number(value)
    body = value if wire is not None else number(len(value)) + value
    return number(field << 3 | (2 if wire is None else wire)) + body


def metric(kind: int, value: Any, name: str = "", alias: int = 0, at: int = 0) -> bytes:
    said = part(1, name.encode()) if name else b""
    said += part(2, alias) if alias else b""
    said += part(3, at) if at else b""
    said += part(4, kind) if name else b""
    if kind == FLOAT:
        return said + part(12, struct.pack("<f", value), 5)
    if kind == DOUBLE:
        return said + part(13, struct.pack("<d", value), 1)
    return said + (part(15, value.encode()) if kind == STRING else part(10, value & 0xFFFFFFFF))


def payload(at: int, seq: int, *metrics: bytes) -> bytes:
    return part(1, at) + b"".join(part(2, one) for one in metrics) + part(3, seq)


def birth() -> bytes:
    known = metric(DOUBLE, 1.5, "Pressure", 7), metric(INT16, -3, "Valve", 8), metric(STRING, "W1", "wafer", 9)
    return payload(AT, 0, metric(8, 1, "bdSeq"), *known)


def send(fab: Fab, kind: str, body: bytes) -> None:
    fab.receive("edge", body, topic=f"spBv1.0/Etch/{kind}/node-1/ETCH-1")


@pytest.mark.parametrize("apart", [False, True])
def test_data_by_alias_is_read_by_what_the_birth_named_also_in_a_later_batch(tmp_path: Path, apart: bool) -> None:
    fab = made(tmp_path / "fab", TOML)
    send(fab, "DBIRTH", birth())
    if apart:
        load_all(fab, "edge")
        fab.close()
        fab = Fab(fab.path)
    for n in range(1, 5):
        late = metric(DOUBLE, 9.5, "", 7, AT + 1000 * n + 500)
        both = metric(DOUBLE, 1.5 + n, "", 7), metric(INT16, -3 - n, "", 8), metric(STRING, "W1", "", 9)
        send(fab, "DDATA", payload(AT + 1000 * n, n, *both, late))
    send(fab, "DDEATH", payload(AT + 9000, 6))
    load_all(fab, "edge")
    assert source(fab, "edge").set_aside == 0
    (shape,) = fab.sql("SELECT DISTINCT shape FROM parts")["shape"]
    rows = fab.sql(f"SELECT t, Pressure, Valve FROM samples_{shape} ORDER BY t")
    assert list(rows["Pressure"]) == [1.5, 2.5, 9.5, 3.5, 9.5, 4.5, 9.5, 5.5, 9.5]
    assert [value for value in rows["Valve"] if value == value] == [-3, -4, -5, -6, -7]
    assert {run.tool for run in fab.runs().runs} == {"ETCH-1"}


def test_what_no_birth_named_and_what_is_no_payload_is_set_aside_with_the_way_out(tmp_path: Path) -> None:
    fab = made(tmp_path / "fab", TOML)
    send(fab, "DDATA", payload(AT, 1, metric(DOUBLE, 1.0, "", 7)))
    for broken in (birth()[:-5], b"\xff" * 20, b"text", b"\x0b"):
        send(fab, "DBIRTH", broken)
    fab.receive("edge", birth(), topic="elsewhere/Etch")
    send(fab, "DBIRTH", birth())
    load_all(fab, "edge")
    problems = [problem.why for problem in fab.problems("unread_message")]
    assert len(problems) == 6
    assert "alias 7" in problems[0] or any("alias 7" in why for why in problems)
    assert source(fab, "edge").rows == 1
