"""STDF files for tests, record by record as the specification lists their fields, in either byte order."""

import struct
from dataclasses import dataclass, field


@dataclass
class Stdf:
    """A file that grows record by record."""

    order: str = "<"
    pieces: list[bytes] = field(default_factory=list)

    def record(self, kind: int, sub: int, body: bytes) -> "Stdf":
        self.pieces.append(struct.pack(f"{self.order}HBB", len(body), kind, sub) + body)
        return self

    def pack(self, form: str, *values: object) -> bytes:
        return struct.pack(self.order + form, *values)

    def far(self, cpu: int | None = None) -> "Stdf":
        return self.record(0, 10, bytes([cpu if cpu is not None else 2 if self.order == "<" else 1, 4]))

    def mir(
        self, lot: str = "L1", product: str = "P", code: str = "CP1", retest: str = " ", start: int = 1_000_000
    ) -> "Stdf":
        texts = [lot, product, "node", "kind", "job", "1", "", "", "", "", code]
        body = self.pack("IIB", start, start, 1) + b"P" + retest.encode() + b" " + self.pack("H", 65535) + b" "
        return self.record(1, 10, body + b"".join(map(cn, texts)) + b"\0" * 19)

    def wcr(self, flat: str = "D", right: str = "R", up: str = "U") -> "Stdf":
        body = self.pack("fffB", 200, 5, 5, 3) + flat.encode() + self.pack("hh", 0, 0) + right.encode() + up.encode()
        return self.record(2, 30, body)

    def wir(self, wafer: str = "L1-01", head: int = 1, start: int = 1_000_100) -> "Stdf":
        return self.record(2, 10, self.pack("BBI", head, 255, start) + cn(wafer))

    def wrr(
        self, parts: int, good: int = 4_294_967_295, wafer: str = "L1-01", head: int = 1, end: int = 1_000_900
    ) -> "Stdf":
        none = 4_294_967_295
        body = self.pack("BBIIIIII", head, 255, end, parts, none, none, good, none)
        return self.record(2, 20, body + cn(wafer) + b"\0" * 5)

    def pir(self, site: int = 0, head: int = 1) -> "Stdf":
        return self.record(5, 10, self.pack("BB", head, site))

    def prr(
        self,
        x: int,
        y: int,
        hard: int = 1,
        flag: int | None = None,
        site: int = 0,
        head: int = 1,
        name: str = "",
        tests: int = 1,
    ) -> "Stdf":
        part = (0 if hard == 1 else 8) if flag is None else flag
        body = self.pack("BBBHHHhhI", head, site, part, tests, hard, hard, x, y, 1500)
        return self.record(5, 20, body + cn(name) + b"\0\0")

    def ptr(
        self,
        test: int,
        value: float,
        flag: int = 0,
        parm: int = 0,
        site: int = 0,
        head: int = 1,
        limits: tuple[float, float] | None = None,
        opt: int = 0,
        name: str = "",
        unit: str = "V",
    ) -> "Stdf":
        body = self.pack("IBBBBf", test, head, site, flag, parm, value) + cn(name) + cn("")
        if limits is not None:
            body += self.pack("Bbbbff", opt, 3, 3, 3, *limits) + cn(unit) + b"\0\0\0"
        return self.record(15, 10, body)

    def mpr(self, test: int, values: list[float], site: int = 0) -> "Stdf":
        body = self.pack("IBBBBHH", test, 1, site, 0, 0, 0, len(values)) + b"".join(self.pack("f", v) for v in values)
        return self.record(15, 15, body + cn("pins") + cn(""))

    def ftr(self, test: int, flag: int = 0, site: int = 0) -> "Stdf":
        body = self.pack("IBBBB", test, 1, site, flag, 0) + self.pack("IIIIiihHH", 0, 0, 0, 0, 0, 0, 0, 0, 0)
        body += self.pack("H", 0) + cn("") * 3 + cn("function") + cn("") * 3 + b"\0" + self.pack("H", 0)
        return self.record(15, 20, body)

    def hbr(self, number: int, name: str, good: bool) -> "Stdf":
        return self.record(1, 40, self.pack("BBHI", 255, 255, number, 0) + (b"P" if good else b"F") + cn(name))

    def mrr(self, end: int = 1_001_000) -> "Stdf":
        return self.record(1, 20, self.pack("I", end) + b" " + b"\0\0")

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)


def cn(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def wafer(file: Stdf, bins: dict[tuple[int, int], int], name: str = "L1-01", first: bool = False) -> Stdf:
    """One wafer: a part for each place, with one value that is its place."""
    file.wir(name)
    for number, ((x, y), hard) in enumerate(bins.items()):
        limits = (-100.0, 100.0) if first and not number else None
        file.pir().ptr(10, 10 * x + y, 0 if hard == 1 else 128, limits=limits, name="place" if limits else "").prr(
            x, y, hard
        )
    return file.wrr(len(bins), sum(hard == 1 for hard in bins.values()), name)


def simple(bins: dict[tuple[int, int], int] | None = None, order: str = "<", lot: str = "L1", name: str = "L1-01") -> Stdf:
    """A whole file of one wafer."""
    places = {(0, 0): 1, (1, 0): 1, (0, 1): 5, (1, 1): 1} if bins is None else bins
    return wafer(Stdf(order).far().mir(lot), places, name, first=True).hbr(1, "good", True).hbr(5, "leak", False).mrr()
