"""The version of fabwatch, which every load carries."""

VERSION = "0.1.0"
