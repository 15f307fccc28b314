"""What goes through the pipe between a reader and the process that it works for."""

import io
import pickle
import struct
from typing import IO, Any

import pyarrow as pa

LENGTH = struct.Struct("<Q")
SLICE = 1.5
"""How much more memory than its rows a table may hold on to before its rows alone are sent."""


class _Packing(pickle.Pickler):
    """Writes tables as they lie in memory, but of a part of a table no more than that part."""

    def reducer_override(self, value: object) -> Any:
        """How a table is packed that is a slice of a larger one; anything else as ever."""
        if isinstance(value, pa.Table) and value.get_total_buffer_size() > SLICE * max(value.nbytes, 1):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, value.schema) as stream:
                stream.write_table(value)
            return _unpacked, (sink.getvalue(),)
        return NotImplemented


def _unpacked(content: pa.Buffer) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()


def send(pipe: IO[bytes], value: object) -> None:
    """Write one value: the lengths of its parts, the value itself, and the buffers of its columns as they lie in memory."""
    buffers: list[pickle.PickleBuffer] = []
    packed = io.BytesIO()
    _Packing(packed, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append).dump(value)
    # Columns of samples are most of what is sent: each copy of them would be felt.
    parts = [packed.getbuffer(), *(buffer.raw() for buffer in buffers)]
    lengths = b"".join(LENGTH.pack(len(part)) for part in parts)
    for part in (memoryview(LENGTH.pack(len(parts)) + lengths), *parts):
        rest = part
        while rest:
            rest = rest[pipe.write(rest) :]


def receive(pipe: IO[bytes]) -> object:
    """Read one value. Raises EOFError when the other side has ended."""
    (count,) = LENGTH.unpack(_exactly(pipe, LENGTH.size))
    lengths = [length for (length,) in LENGTH.iter_unpack(_exactly(pipe, count * LENGTH.size))]
    content, *buffers = [_exactly(pipe, length) for length in lengths]
    # From the process that this one was started by, or that it started.
    return pickle.loads(content, buffers=buffers)  # noqa: S301


def _exactly(pipe: IO[bytes], length: int) -> bytearray:
    content = bytearray(length)
    rest = memoryview(content)
    while rest:
        count = pipe.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        rest = rest[count:]
    return content
