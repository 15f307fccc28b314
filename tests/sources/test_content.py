"""The hash of a text: the same however it is cut, encoded and ended, and that of its bytes where it is just these."""

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fabwatch.sources.content import BOM
from fabwatch.sources.opening import Document, inspect

TEXT = st.text(st.sampled_from('ab,0\n\r\t "üß€\u00a0'), max_size=60)


def plainly(text):
    """Line ends as line feeds, in UTF-8; a lone return at the end of the text stays."""
    return text.replace("\r\n", "\n").encode()


def written(folder, content):
    path = Path(folder, "f.csv")
    path.write_bytes(content)
    return inspect(Document(path))


@given(TEXT, st.booleans())
def test_the_hash_of_a_text_is_that_of_its_plain_form(tmp_path_factory, text, marked):
    folder = tmp_path_factory.getbasetemp()
    seen = written(folder, (BOM if marked else b"") + text.encode())
    plain = plainly(text)
    # A return at the very end may be the first half of a line end, and is not counted.
    assert (seen.content, seen.length) == (hashlib.sha256(plain).hexdigest(), len(plain.removesuffix(b"\r")))
    assert seen.unpacked == hashlib.sha256((BOM if marked else b"") + text.encode()).hexdigest()


def test_it_is_so_where_the_first_return_mark_or_foreign_byte_comes_late(tmp_path):
    body = b"12345,abc\n" * 200_000
    for late, encoding in (
        (b"x\r\ny\n", "utf-8"),
        ("grün\n".encode("cp1252"), "cp1252"),
        ("grün\r\n".encode(), "utf-8"),
        (b"z\r", "utf-8"),
    ):
        seen = written(tmp_path, body + late)
        plain = plainly((body + late).decode(encoding))
        assert (seen.content, seen.length) == (hashlib.sha256(plain).hexdigest(), len(plain.removesuffix(b"\r")))
        assert seen.unpacked == hashlib.sha256(body + late).hexdigest()
