"""The tables of what came out: parts and their tests, limits, inspections and defects, sort summaries, electrical tests."""

from fabwatch.terms.columns import Column, Table

_LOT = Column("lot", "text", "The lot.")
_WAFER = Column("wafer", "text", "The wafer as the file names it; empty for packaged parts.")
_LOAD = Column("load", "text", "The load that it came from.", needed=True)
_NUMBER = Column("wafer_test", "whole", "Number of the wafer test in the load (see `wafer_tests`).", needed=True)

WAFER_TESTS = Table(
    "wafer_tests",
    "A wafer, or a lot of packaged parts, that was tested: one row for each time, whatever kind of file brought it.",
    (
        _LOAD,
        _NUMBER,
        Column("format", "text", "`stdf` or the format of the wafer map.", needed=True),
        _LOT,
        _WAFER,
        Column("insertion", "text", "Which test it was: sort 1, final test cold …"),
        Column("retest", "text", "The retest code of the file; empty for a first test."),
        Column("product", "text", "The product."),
        Column("program", "text", "Test program."),
        Column("revision", "text", "Revision of the test program."),
        Column("tester", "text", "The tester."),
        Column("card", "text", "The probe card or load board."),
        Column("temperature", "text", "Test temperature, as the file writes it."),
        Column("start_at", "time", "When the test began.", "UTC"),
        Column("end_at", "time", "When it ended.", "UTC"),
        Column("parts", "whole", "Parts in the file.", "parts"),
        Column("good", "whole", "Good ones among them.", "parts"),
        Column("parts_stated", "whole", "Parts that the file itself counts.", "parts"),
        Column("good_stated", "whole", "Good parts that the file itself counts.", "parts"),
        Column("orientation", "text", "Where notch and axes were in the file, if it says so; stored are notch down, y up."),
        Column("cut", "flag", "True if the file ends before its end: a whole copy takes its place."),
        Column("digest", "text", "Hash of its parts, by which the same results under another name are known again."),
        Column("doubts", "text", "What is odd about it, separated by `;`."),
    ),
)

DIES = Table(
    "dies",
    "A part each time it was tested: its place on the wafer, its bins, and whether it passed.",
    (
        _LOAD,
        _NUMBER,
        Column("part", "whole", "Number of the part in the load, in the order of the file.", needed=True),
        _LOT,
        _WAFER,
        Column("x", "whole", "Column on the wafer, to the right with the notch down."),
        Column("y", "whole", "Row on the wafer, upwards with the notch down."),
        Column("part_id", "text", "Its name in the file."),
        Column("head", "whole", "The test head."),
        Column("site", "whole", "The test site."),
        Column("hard_bin", "whole", "Its hard bin."),
        Column("soft_bin", "whole", "Its soft bin."),
        Column("passed", "flag", "Whether it passed; empty where the file leaves that open."),
        Column("again", "text", "What the file says it replaces: `part` of the same name, `position`; else empty."),
        Column("tests", "whole", "Tests that were run on it.", "tests"),
        Column("seconds", "number", "Test time.", "s"),
    ),
)

TESTS = Table(
    "tests",
    "Results of tests: one row for each value that was measured on a part.",
    (
        _LOAD,
        _NUMBER,
        Column("part", "whole", "The part (see `dies`).", needed=True),
        Column("test", "whole", "Number of the test.", needed=True),
        Column("pin", "whole", "Position in a test of several values."),
        Column("limit_set", "whole", "Which limits of the test hold for it (see `limits`)."),
        Column("value", "number", "The value; empty where the tester marks it as invalid, and for functional tests."),
        Column("passed", "flag", "Whether it passed; empty where the tester leaves that open."),
        Column("flags", "whole", "TEST_FLG + 256 · PARM_FLG of STDF, where one of them says more than pass or fail."),
    ),
)

LIMITS = Table(
    "limits",
    "Name, unit and limits of each test of a load: the first record of a test states them, later ones may change them.",
    (
        _LOAD,
        Column("test", "whole", "Number of the test.", needed=True),
        Column("limit_set", "whole", "0 for what the first record states; 1, 2 … for records that differ.", needed=True),
        Column("kind", "text", "`parametric`, `functional` or `multiple`."),
        Column("name", "text", "Name of the test."),
        Column("unit", "text", "Unit of value and limits, without a prefix."),
        Column("lower", "number", "Lower limit."),
        Column("upper", "number", "Upper limit."),
        Column("scale", "whole", "Power of ten by which testers show it: 6 for µ, 3 for m."),
        Column("doubts", "text", "What is odd about it, such as limits that are the wrong way round."),
    ),
)

BINS = Table(
    "bins",
    "Names of the bins, as files state them.",
    (
        _LOAD,
        Column("kind", "text", "`hard` or `soft`.", needed=True),
        Column("bin", "whole", "The bin.", needed=True),
        Column("name", "text", "Its name."),
        Column("good", "flag", "Whether parts in it are good."),
    ),
)

INSPECTIONS = Table(
    "inspections",
    "A wafer that was inspected for defects, also where none was found.",
    (
        _LOAD,
        Column("inspection", "whole", "Number of the inspection in the load.", needed=True),
        _LOT,
        _WAFER,
        Column("slot", "whole", "The slot."),
        Column("product", "text", "The product."),
        Column("layer", "text", "The step after which it was inspected."),
        Column("recipe", "text", "The inspection recipe."),
        Column("tool", "text", "The inspection tool."),
        Column("inspected_at", "time", "When it was inspected; in the zone of the tool where the file names none.", "UTC"),
        Column("defects", "whole", "Defects in the file."),
        Column("stated", "whole", "Defects that the file itself counts."),
        Column("area_mm2", "number", "Area that was inspected.", "mm²"),
        Column("wafer_mm", "number", "Diameter of the wafer.", "mm"),
        Column("pitch_x_um", "number", "Width of a die.", "µm"),
        Column("pitch_y_um", "number", "Height of a die.", "µm"),
        Column("center_x_um", "number", "Centre of the wafer, from the corner of die 0, 0.", "µm"),
        Column("center_y_um", "number", "Centre of the wafer, from the corner of die 0, 0.", "µm"),
        Column("dies", "whole", "Dies that were inspected."),
        Column("cut", "flag", "True if the file ends before its end: a whole copy takes its place."),
        Column("digest", "text", "Hash of its defects, by which the same inspection under another name is known again."),
        Column("doubts", "text", "What is odd about it, separated by `;`."),
    ),
)

DEFECTS = Table(
    "defects",
    "Defects that were found on wafers.",
    (
        _LOAD,
        Column("inspection", "whole", "The inspection in the load (see `inspections`).", needed=True),
        Column("defect", "whole", "Its number in the file.", needed=True),
        _LOT,
        _WAFER,
        Column("x_um", "number", "Place on the wafer from its centre, to the right.", "µm"),
        Column("y_um", "number", "Place on the wafer from its centre, upwards.", "µm"),
        Column("die_x", "whole", "Column of its die."),
        Column("die_y", "whole", "Row of its die."),
        Column("size_um", "number", "Its size.", "µm"),
        Column("area_um2", "number", "Its area.", "µm²"),
        Column("class_no", "whole", "Its class."),
        Column("class_name", "text", "Name of its class."),
        Column("rough_bin", "whole", "Its rough bin."),
        Column("cluster", "whole", "The cluster that the inspection tool put it in."),
        Column("test", "whole", "The inspection test that found it."),
        Column("images", "whole", "Images of it."),
        Column("more", "text", "What else the file says of it (JSON)."),
    ),
)

SORT_SUMMARY = Table(
    "sort_summary",
    "Parts and good parts of a wafer as a table states them, for wafers without a result for each part.",
    (
        Column("lot", "text", "The lot; a row needs a lot or a wafer."),
        Column("wafer", "text", "The wafer."),
        Column("insertion", "text", "Which test it was."),
        Column("product", "text", "The product."),
        Column("program", "text", "Test program."),
        Column("tested_at", "time", "When it was tested.", "UTC"),
        Column("parts", "whole", "Parts that were tested.", "parts", needed=True),
        Column("good", "whole", "Good ones among them.", "parts", needed=True),
    ),
    loaded=True,
)

LAYOUTS = Table(
    "layouts",
    "How the dies of a product lie on its wafer and in the field of its reticle; the row that was loaded last counts.",
    (
        Column("product", "text", "The product.", needed=True),
        Column("die_width_mm", "number", "Width of a die with its scribe line.", "mm", needed=True),
        Column("die_height_mm", "number", "Height of a die with its scribe line.", "mm", needed=True),
        Column("wafer_mm", "number", "Diameter of the wafer.", "mm", needed=True),
        Column("edge_exclusion_mm", "number", "Ring at the edge in which no die counts.", "mm"),
        Column("reticle_columns", "whole", "Dies side by side in one field of the reticle.", "dies"),
        Column("reticle_rows", "whole", "Dies one above the other in one field.", "dies"),
        Column("reticle_x", "whole", "Column on the wafer of a die that is leftmost in its field; 0 if empty."),
        Column("reticle_y", "whole", "Row on the wafer of a die that is lowest in its field; 0 if empty."),
        Column("center_x", "number", "Column on the wafer of its centre, 2.5 between columns 2 and 3; if empty the middle."),
        Column("center_y", "number", "Row on the wafer of its centre; if empty the middle."),
    ),
    loaded=True,
)

WAT = Table(
    "wat",
    "Electrical tests of test structures (WAT, PCM): one row for each value.",
    (
        Column("lot", "text", "The lot; a row needs a lot or a wafer."),
        Column("wafer", "text", "The wafer."),
        Column("product", "text", "The product."),
        Column("site", "text", "The site on the wafer."),
        Column("parameter", "text", "What was measured.", needed=True),
        Column("value", "number", "The value.", needed=True),
        Column("unit", "text", "Its unit."),
        Column("lower", "number", "Lower limit."),
        Column("upper", "number", "Upper limit."),
        Column("measured_at", "time", "When it was measured.", "UTC"),
    ),
    loaded=True,
)
