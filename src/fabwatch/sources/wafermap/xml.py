"""Wafer maps in XML: SEMI G85 and E142, read as far as the file stands whole and under limits."""

import io
from collections.abc import Iterator
from typing import Any

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.wafermap.bins import Bins, defined
from fabwatch.sources.wafermap.maps import Stated, WaferMap
from fabwatch.sources.wafermap.picture import CORNERS, UNREAD, Picture, map_of
from fabwatch.sources.wafermap.words import notch_of, plain
from fabwatch.terms.problems import Problem, Refused, Unreadable

DEPTH_LIMIT = 60
ELEMENTS_LIMIT = 2_000_000
DIGITS = {"ascii": 1, "hexadecimal": 2, "integer2": 4}
"""Characters of a code where codes stand without blanks between them."""
HINT = "a wafer map by SEMI G85 (Map, Device, Data, Row) or E142 (MapData, SubstrateMap, BinCodeMap)"


def read_xml(data: bytes, name: str) -> list[WaferMap]:
    """The maps of a G85 or E142 file. Raises CannotRead with what is wrong."""
    root, cut = _tree(data)
    if _tag(root) == "mapdata" or _first(root, "substratemap") is not None:
        return list(_e142(root, name, cut))
    return list(_g85(root, name, cut))


def _tree(data: bytes) -> tuple[Any, bool]:
    """The root of what stands whole, and whether the file ends before it is complete. Entities and DTDs are refused."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    root, depth, count = None, 0, 0
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                root = element if root is None else root
                depth, count = depth + 1, count + 1
                if depth > DEPTH_LIMIT or count > ELEMENTS_LIMIT:
                    raise CannotRead(Problem(Refused, f"more than {DEPTH_LIMIT} elements in each other, or too many"))
            else:
                depth -= 1
    except DefusedXmlException as fault:
        why = f"it declares a document type or entities ({type(fault).__name__}), which no wafer map needs"
        raise CannotRead(Problem(Refused, why)) from fault
    except (ParseError, ValueError, LookupError) as fault:
        if root is None:
            raise CannotRead(Problem(Unreadable, f"not readable as XML: {fault}", hint=HINT)) from fault
        # The text of an element that is still open has not been handed over: half a row is never seen.
        return root, True
    if root is None:
        raise CannotRead(Problem(Unreadable, "not readable as XML: it is empty", hint=HINT))
    return root, False


def _tag(element: Any) -> str:
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.rpartition("}")[2].casefold()


def _all(element: Any, tag: str) -> Iterator[Any]:
    return (inner for inner in element.iter() if _tag(inner) == tag)


def _first(element: Any, tag: str) -> Any:
    return next(_all(element, tag), None)


def _said(element: Any, *names: str) -> str:
    """An attribute by its name in any case, or the text of an element inside of that name."""
    if element is None:
        return ""
    own = {key.rpartition("}")[2].casefold(): value for key, value in element.attrib.items()}
    for name in names:
        if own.get(name, "").strip():
            return str(own[name]).strip()
    for name in names:
        inner = next((one for one in element if _tag(one) == name), None)
        if inner is not None and (inner.text or "").strip():
            return str(inner.text).strip()
    return ""


def _whole(text: str) -> int:
    return min(int(text), 100_000) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _g85(root: Any, name: str, cut: bool) -> Iterator[WaferMap]:
    for element in [root] if _tag(root) == "map" else list(_all(root, "map")):
        device = _first(element, "device")
        if device is None:
            continue
        stated = Stated(
            lot=_said(device, "lotid") or _said(element, "lotid"),
            wafer=_said(element, "waferid", "substrateid") or _said(device, "waferid", "substrateid"),
            product=_said(device, "productid"),
            notch=notch_of(_said(device, "orientation") or _said(element, "orientation")),
            origin=name,
        )
        yield _drawn(_first(device, "data"), device, device, stated, cut)


def _e142(root: Any, name: str, cut: bool) -> Iterator[WaferMap]:
    substrates = {_said(one, "substrateid"): one for one in _all(root, "substrate")}
    layouts = {_said(one, "layoutid"): one for one in _all(root, "layout")}
    for element in _all(root, "substratemap"):
        wafer = _said(element, "substrateid")
        substrate = substrates.get(wafer)
        layout = layouts.get(_said(element, "layoutspecifier").rpartition("/")[2])
        stated = Stated(
            lot=_said(substrate, "lotid"),
            wafer=wafer,
            product=_said(layout, "productid") or _said(substrate, "productid"),
            notch=notch_of(_said(element, "orientation")),
            origin=name,
        )
        for codes in _all(element, "bincodemap"):
            yield _drawn(codes, codes, element, stated, cut)


def _drawn(data: Any, coding: Any, placing: Any, stated: Stated, cut: bool) -> WaferMap:
    """The map of an element with rows or one long text of codes."""
    kind, null = _said(coding, "bintype").casefold(), _said(coding, "nullbin")
    rows = [] if data is None else [_codes(text, kind) for text in _texts(data)]
    corner = plain(_said(placing, "originlocation"))
    picture = Picture(
        rows,
        stated_rows=_whole(_said(placing, "rows")),
        stated_columns=_whole(_said(placing, "columns")),
        corner=CORNERS.get(corner, corner),
        direction=plain(_said(placing, "axisdirection")),
        cut=cut,
    )
    return map_of(picture, _bins(coding, null, kind), stated)


def _texts(data: Any) -> list[str]:
    """The text of each row: of its Row or BinCode elements, else the lines of the whole."""
    rows = [one.text or "" for one in data.iter() if _tag(one) in ("row", "bincode")]
    lines = rows or (data.text or "").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _codes(text: str, kind: str) -> list[str]:
    """The codes of a row: apart by blanks or commas, else so many characters each as its type says."""
    if kind == "decimal" or (kind not in DIGITS and any(sign in text for sign in " ,\t")):
        return text.replace(",", " ").split()
    apart = text.split()
    digits = DIGITS.get(kind, 1)
    if len(apart) > 1 and all(len(code) == digits for code in apart):
        return apart
    text = "".join(apart) if digits > 1 else text
    codes = [text[place : place + digits] for place in range(0, len(text), digits)]
    return [code if len(code) == digits else UNREAD for code in codes]


def _bins(coding: Any, null: str, kind: str) -> Bins:
    definitions = [
        (_said(one, "bincode"), _said(one, "binquality"), _said(one, "bindescription"))
        for one in coding.iter()
        if _tag(one) in ("bin", "bindefinition")
    ]
    nulls = {null} if null else {"." if kind == "ascii" else "255" if kind == "decimal" else "FF"}
    if null.isdigit():
        nulls |= {null.zfill(3), str(int(null))}
    return defined(definitions, nulls | {null.upper(), null.lower()} - {""})
