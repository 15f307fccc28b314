"""Wafer maps are read in one orientation, as far as they stand whole, and never end in a crash."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabwatch.sources.opening import CannotRead
from fabwatch.sources.wafermap import is_map, read_maps
from fabwatch.sources.wafermap.doubts import (
    AxesNotStated,
    DieTwice,
    MapCut,
    MapMirrored,
    MapTurned,
    NotchNotStated,
    NullByCorners,
    PassByBin,
    UnevenRows,
    UnreadDies,
)

pytestmark = pytest.mark.unit

G85 = """<?xml version="1.0" encoding="utf-8"?>
<Maps><Map xmlns:semi="http://www.semi.org" WaferId="A1-03" FormatRevision="G85-1101">
<Device ProductId="P7" LotId="A1" Rows="3" Columns="4" Orientation="{orientation}" OriginLocation="3"
 BinType="Decimal" NullBin="255">
<Bin BinCode="000" BinQuality="Fail" BinDescription="short"/><Bin BinCode="1" BinQuality="Pass" BinDescription="good"/>
<Data MapName="SORT"><Row><![CDATA[255 001 000 255]]></Row><Row><![CDATA[001 001 001 001]]></Row>
<Row><![CDATA[255 000 001 255]]></Row></Data></Device></Map></Maps>"""
E142 = """<?xml version="1.0"?><MapData xmlns="urn:semi-org:xsd.E142-1.V0105.SubstrateMap">
<Layouts><Layout LayoutId="Dies"><Dimension X="3" Y="2"/><ProductId> P7 </ProductId></Layout></Layouts>
<Substrates><Substrate SubstrateType="Wafer" SubstrateId="W9"><LotId>A1</LotId></Substrate></Substrates>
<SubstrateMaps><SubstrateMap SubstrateType="Wafer" SubstrateId="W9" LayoutSpecifier="Wafer/Dies" Orientation="0"
 OriginLocation="UpperRight" AxisDirection="DownLeft"><Overlay MapName="Sort"><BinCodeMap BinType="HexaDecimal" NullBin="FF">
<BinDefinitions><BinDefinition BinCode="01" BinQuality="Pass"/>
<BinDefinition BinCode="0A" BinQuality="Fail" BinDescription="leak"/>
</BinDefinitions><BinCode>010AFF</BinCode><BinCode>01010A</BinCode></BinCodeMap></Overlay></SubstrateMap></SubstrateMaps>
</MapData>"""
SINF = "DEVICE:P7\nLOT:A1\nWAFER:05\nFNLOC:180\nROWCT:2\nCOLCT:3\nBCEQU:01\nRowData:__ 01 02\nRowData:01 01 __\n"
ROWS = "LOT: A1\nWAFER: 7\nNOTCH: down\nPASS BIN: P\n\n ..PPX.\n .PPPP.\n ..XP..\n"
TABLE = "lot,wafer,x,y,hbin,passed\nA1,1,5,5,1,P\nA1,1,6,5,7,F\nA1,2,5,6,1,P\n"


def one(text):
    (only,) = read_maps(text.encode(), "map")
    return only


def maps_or_none(content):
    """The maps of a file; none where it is refused, which is the only error that may come."""
    try:
        return read_maps(content, "f")
    except CannotRead:
        return []


def kinds(wafer_map):
    return {type(doubt) for doubt in wafer_map.doubts}


def test_a_g85_map_has_its_names_bins_and_dies_where_they_lie():
    wafer = one(G85.format(orientation=0))
    assert (wafer.lot, wafer.wafer, wafer.product, wafer.notch) == ("A1", "A1-03", "P7", "down")
    assert wafer.grid.tolist() == [[0, 1, 2, 0], [1, 1, 1, 1], [0, 2, 1, 0]]
    at = {(x, y): code for x, y, code in zip(wafer.x.tolist(), wafer.y.tolist(), wafer.bins, strict=True)}
    assert at[(1, 0)] == "000"
    assert at[(1, 2)] == "001"
    assert wafer.bin_names == {"0": "short", "1": "good"}
    assert wafer.doubts == ()


@pytest.mark.parametrize(("degrees", "notch", "turns"), [(0, "down", 0), (90, "left", 1), (180, "up", 2), (270, "right", 3)])
def test_a_turned_map_is_turned_back_until_its_notch_is_down(degrees, notch, turns):
    drawn = one(G85.format(orientation=0)).grid
    wafer = one(G85.format(orientation=degrees))
    assert wafer.notch == notch
    # np.rot90 turns counter-clockwise, which brings the left side to the bottom.
    assert np.array_equal(wafer.grid, np.rot90(drawn, turns))
    assert (MapTurned in kinds(wafer)) == (turns > 0)


def test_the_file_s_own_coordinates_stay_beside_the_turned_ones():
    straight, turned = one(G85.format(orientation=0)), one(G85.format(orientation=90))
    assert turned.file_x.tolist() == straight.file_x.tolist()
    assert turned.file_y.tolist() == straight.file_y.tolist()
    assert turned.x.tolist() != turned.file_x.tolist()


def test_an_e142_map_counted_from_the_upper_right_is_drawn_as_it_stands_in_the_file():
    wafer = one(E142)
    assert (wafer.lot, wafer.wafer, wafer.product) == ("A1", "W9", "P7")
    assert wafer.grid.tolist() == [[1, 2, 0], [1, 1, 2]]
    assert sorted(zip(wafer.file_x.tolist(), wafer.file_y.tolist(), strict=True))[0] == (0, 1)
    assert kinds(wafer) == {MapMirrored}
    assert (wafer.x_axis, wafer.y_axis) == ("left", "down")


def test_a_sinf_map_is_read_by_its_row_data_and_its_good_bin():
    wafer = one(SINF)
    assert (wafer.lot, wafer.wafer, wafer.product, wafer.notch) == ("A1", "05", "P7", "up")
    assert wafer.grid.tolist() == [[0, 1, 1], [2, 1, 0]]


def test_rows_of_characters_are_dies_and_blanks_are_none():
    wafer = one(ROWS)
    assert (wafer.lot, wafer.wafer) == ("A1", "7")
    assert wafer.grid.tolist() == [[0, 1, 1, 2], [1, 1, 1, 1], [0, 2, 1, 0]]
    assert kinds(wafer) == set()


def test_several_wafers_below_each_other_share_what_was_said_once():
    text = ROWS + "\nWAFER: 8\n ..XXX.\n .PPPP.\n ..XP..\n"
    first, second = read_maps(text.encode(), "maps")
    assert (first.wafer, second.wafer, second.lot, second.notch) == ("7", "8", "A1", "down")
    assert int((second.grid == 2).sum()) == 4


def test_a_map_of_digits_takes_what_is_in_all_corners_for_no_die_and_says_so():
    wafer = one("LOT: A\nNOTCH: down\n0110\n1121\n0110\n")
    assert wafer.grid.tolist() == [[0, 1, 1, 0], [1, 1, 2, 1], [0, 1, 1, 0]]
    assert kinds(wafer) == {NullByCorners, PassByBin}


def test_a_table_is_one_map_a_wafer():
    first, second = read_maps(TABLE.encode(), "t.csv")
    assert (first.wafer, first.x.tolist(), first.passed.tolist(), first.bins) == ("1", [5, 6], [1, 0], ("1", "7"))
    assert second.y.tolist() == [6]
    assert kinds(first) == {NotchNotStated, AxesNotStated}


def test_a_table_whose_comments_say_notch_and_axes_is_mirrored():
    wafer = one("# notch: left\n# x axis: right\n# y axis: down\nx;y;bin\n1;1;1\n2;1;2\n2;3;2\n")
    # In the file's own frame (y down): 1 at the top left, a fail beside it, one two below; then a turn counter-clockwise.
    assert wafer.grid.tolist() == np.rot90(np.array([[1, 2], [0, 0], [0, 2]])).tolist()
    assert kinds(wafer) == {MapTurned, MapMirrored, PassByBin}


def test_of_a_die_stated_twice_the_last_counts():
    wafer = one("x,y,bin\n1,1,5\n2,1,1\n1,1,1\n")
    assert wafer.passed.tolist() == [1, 1]
    assert DieTwice in kinds(wafer)


def test_a_last_line_without_an_end_is_not_believed():
    wafer = one("x,y,bin\n1,1,1\n2,1,12\n3,1,1")
    assert wafer.x.tolist() == [1, 2]
    assert MapCut in kinds(wafer)


def test_cells_that_are_no_coordinates_are_counted_not_guessed():
    wafer = one("x,y,bin\n1,1,1\nfour,1,1\n2,,1\n")
    assert [doubt.dies for doubt in wafer.doubts if isinstance(doubt, UnreadDies)] == [2]


@pytest.mark.parametrize("text", [G85.format(orientation=0), E142, SINF, ROWS, TABLE])
def test_a_file_cut_anywhere_gives_only_dies_that_stand_in_it_whole(text):
    whole = {
        (one.wafer, x, y): code
        for one in read_maps(text.encode(), "f")
        for x, y, code in zip(one.file_x.tolist(), one.file_y.tolist(), one.bins, strict=True)
    }
    codes = set(whole.values())
    for length in range(0, len(text), 7):
        assert all(code in codes for one in maps_or_none(text[:length].encode()) for code in one.bins)


def test_a_cut_g85_map_keeps_its_whole_rows_and_says_how_many():
    text = G85.format(orientation=0)
    wafer = one(text[: text.index("001 001 001 001") + 9])
    assert len(wafer) == 2
    assert [(doubt.rows, doubt.of) for doubt in wafer.doubts if isinstance(doubt, MapCut)] == [(1, 3)]


def test_rows_of_another_length_are_said():
    assert UnevenRows in kinds(one(ROWS.replace(" .PPPP.", " .PPPPPPP.")))


@pytest.mark.parametrize(
    "bomb",
    [
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><Map><Device>&y;</Device></Map>',
        '<!DOCTYPE Map SYSTEM "file:///etc/passwd"><Map/>',
        "<a>" * 5_000,
    ],
)
def test_bombs_and_outside_documents_are_refused(bomb):
    with pytest.raises(CannotRead, match=r"declares|elements"):
        read_maps(bomb.encode(), "bomb.xml")


@pytest.mark.parametrize("content", [b"", b"\n\n", bytes(range(256)), b"<Map/>", b"hello, this is a letter\nto nobody\n"])
def test_what_is_no_map_is_refused_with_a_hint(content):
    with pytest.raises(CannotRead) as refused:
        read_maps(content, "x")
    assert refused.value.problem.way_out


def test_a_map_of_a_million_by_a_million_is_refused():
    with pytest.raises(CannotRead, match="more than"):
        read_maps(b"x,y,bin\n0,0,1\n90000,90000,1\n", "far.csv")


def test_a_packed_map_is_unpacked_and_a_cut_packing_keeps_what_stands_whole():
    packed = gzip.compress(TABLE.encode() * 1, mtime=0)
    assert len(read_maps(packed, "t.csv.gz")) == 2


@pytest.mark.parametrize("text", [G85.format(orientation=0), E142, SINF, ROWS, TABLE])
def test_a_map_looks_like_one_by_its_first_bytes(text):
    assert is_map(text.encode()[:4096])
    assert is_map(gzip.compress(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "LOT_ID,TOOL_ID,TRACK_OUT\nL1,E1,2026-01-01\n",
        "<html><body>x</body></html>",
        "time,pressure\n1,2\n",
        "a letter\n",
        "",
    ],
)
def test_other_files_do_not_look_like_maps(text):
    assert not is_map(text.encode())


@settings(max_examples=150, deadline=None)
@given(
    text=st.sampled_from([G85.format(orientation=0), E142, SINF, ROWS, TABLE]),
    flips=st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), max_size=12),
    cut=st.integers(0, 5_000),
)
def test_flipped_bytes_and_cuts_never_crash_a_reader(text, flips, cut):
    content = bytearray(text.encode()[: cut or None])
    for place, value in flips:
        if content:
            content[place % len(content)] = value
    is_map(bytes(content))
    for wafer in maps_or_none(bytes(content)):
        assert (
            len(wafer.x)
            == len(wafer.y)
            == len(wafer.bins)
            == len(wafer.passed)
            == len(set(zip(wafer.x, wafer.y, strict=True)))
        )
        assert wafer.grid.max() <= 2


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_map_or_refused(content):
    maps_or_none(content)
