"""Files of every kind about the same few tools, with what each row must become, worked out by hand."""

import gzip
import zipfile

HEADERS = {
    "tools": "TOOL_ID,TOOL_TYPE,AREA",
    "moves": "LOT_ID,WAFER_ID,TOOL_ID,WAFER_QTY,TRACK_IN,TRACK_OUT,PRODUCT,STEP_NO",
    "quals": "TOOL_ID,QUAL_TYPE,QUAL_TIME,RESULT,PARTICLES,LIMIT",
    "maintenance": "TOOL_ID,DONE_AT,KIND",
    "counters": "TOOL_ID,COUNTER,READ_AT,VALUE",
    "metrology": "WAFER_ID,TOOL_ID,POLISHED_AT,MEASURED_AT,PRE_THK,POST_THK,POLISH_TIME,UNIT",
}
LINES = {
    "tools": ["ETCH-1,OX,Etch", "CVD-9,DEP,Films"],
    "moves": [
        "L1,,ETCH-1,25,2026-05-01 10:00:00,2026-05-01 10:30:00,P,10",
        "L1,,ETCH-2,25,2026-05-01 11:00:00,2026-05-01 11:30:00,P,20",
        "L2,L2.07,ETCH-1,1,2026-05-01 12:00:00,2026-05-01 12:30:00,P,10",
        "L2,L2.08,ETCH-1,1,2026-05-01 12:00:00,2026-05-01 12:31:00,P,10",
        "L3,,ETCH-1,-4,2026-05-01 12:00:00,2026-05-01 12:31:00,P,10",
        "L4,,ETCH-1,25,2026-05-01 14:00:00,2026-05-01 12:31:00,P,10",
        "L5,,ETCH-1,25,2026-05-01 12:00:00,yesterday,P,10",
        "D1,,DEPO-5,2,2026-05-01 14:00:00,2026-05-01 14:30:00,P,30",
    ],
    "quals": [
        "ETCH-1,particles,2026-05-01 09:00:00,PASS,3,30",
        "ETCH-1,particles,2026-05-01 13:00:00,FAIL,44,30",
        "ETCH-2,particles,2026-05-01 13:00:00,PASS,4,30",
        "CVD-9,particles,2026-05-01 13:00:00,PASS,4,30",
        "POLISH-3,rate,2026-05-01 13:00:00,PASS,4,30",
        "GHOST,particles,2026-05-01 13:00:00,PASS,4,30",
    ],
    "maintenance": ["ETCH-1,2026-05-01 13:30:00,repair", "GHOST,2026-05-01 13:30:00,repair"],
    "counters": [
        "ETCH-1,rf_hours,2026-05-01 10:00:00,120.5",
        "ETCH-1,rf_hours,2026-05-01 12:00:00,122.25",
        "ETCH-2,rf_hours,2026-05-01 12:00:00,7",
        "ETCH-2,rf_hours,2026-05-01 12:00:00,many",
    ],
    "metrology": [
        "P1.01,POLISH-3,2026-05-01 10:00:00,2026-05-01 11:00:00,9000,5000,100,angstrom",
        "P1.02,POLISH-3,2026-05-01 10:05:00,2026-05-01 11:00:00,9010,5004.5,100,angstrom",
        "P1.03,POLISH-3,2026-05-01 10:10:00,2026-05-01 11:00:00,-1,5004.5,100,angstrom",
    ],
}
LOG = ["time,tool,chamber,lot,wafer,step,Pressure,USAGE_OF_PAD"] + [
    f"2026-05-01T{hour}:00:{second:02d}.250Z,POLISH-3,H1,P1,{wafer},{1 + second // 5},{10 + second / 8},{usage}"
    for hour, wafer, usage in ((11, "P1.01", 60), (12, "P1.02", 30))
    for second in range(10)
]
"""Two wafers of ten seconds on POLISH-3; the usage of its pad is set back between them, which is a restore."""
IDLE = ["time,tool,chamber,lot,wafer,step,Flow,Power °C"]
OTHER = [
    *IDLE,
    *(f"2026-05-01T14:00:{n:02d}Z,DEPO-5,C1,D1,D1.{1 + n // 6:02d},{1 + n % 6 // 3},{n * 7 % 5},{n}" for n in range(12)),
]
"""Two wafers on DEPO-5, whose lot the MES reports too: its passes are those."""

BAD = {"moves": 3, "quals": 0, "maintenance": 0, "counters": 1, "metrology": 1, "tools": 0}
"""Rows of each kind that are set aside whatever else is loaded."""
WAITING = {"quals": 1, "maintenance": 1}
"""Rows about GHOST, a tool that no file ever names."""


LOGS = {"log": LOG, "other": OTHER}
WRITINGS = {
    "plain": lambda text: text.encode(),
    "windows lines": lambda text: text.replace("\n", "\r\n").encode(),
    "marked": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "windows": lambda text: text.encode("cp1252"),
}
"""Ways to write one text."""


def write(folder, number, kind, lines, packed="", writing="plain"):
    """A file of these rows, plain or packed, in one encoding or another."""
    head = LOGS[kind][0] if kind in LOGS else HEADERS[kind]
    name = f"{number}_{kind}.{'log' if kind in LOGS else 'csv'}"
    content = WRITINGS[writing]("\n".join([head, *lines]) + "\n")
    if packed == "gz":
        path = folder / f"{name}.gz"
        path.write_bytes(gzip.compress(content))
    elif packed == "zip":
        path = folder / f"{name}.zip"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(name, content)
    else:
        path = folder / name
        path.write_bytes(content)
    return path
