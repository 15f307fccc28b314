"""The kinds of columns as Arrow has them."""

from collections.abc import Mapping

import pyarrow as pa

ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "time": pa.timestamp("us"),
    "flag": pa.bool_(),
    "date": pa.date32(),
}
