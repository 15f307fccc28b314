"""Where the data files lie: a folder, or a path in object storage; either is spoken to in one way."""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import fs

from fabwatch.store.engine import quoted
from fabwatch.terms.errors import StoreBroken
from fabwatch.terms.secrets import NoSecret, secret_of
from fabwatch.terms.settings.place import FabSettings, S3Settings

S3 = "s3://"
MINE = 0o700
PIECE = 1 << 20


@dataclass(frozen=True)
class DataPlace:
    """A place for data files."""

    url: str
    """As the engine names it, with a slash at its end."""
    root: str
    """As the file system names it."""
    system: Any
    folder: Path | None
    """The folder; None for object storage."""

    def path(self, name: str) -> str:
        """How the file system names one of its files."""
        return f"{self.root}/{name}"

    def make(self, name: str = "") -> None:
        """Make the place, or a folder in it; object storage has none."""
        if self.folder is not None:
            self.folder.mkdir(MINE, parents=True, exist_ok=True)
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def size(self, name: str) -> int:
        """Bytes of a file. Raises FileNotFoundError, OSError."""
        found = self.system.get_file_info(self.path(name))
        if found.type != fs.FileType.File:
            raise FileNotFoundError(name)
        return int(found.size)

    def sha256(self, name: str) -> str:
        """SHA-256 of a file. Raises OSError."""
        digest = hashlib.sha256()
        with self.system.open_input_stream(self.path(name)) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
        return digest.hexdigest()

    def parquet(self, name: str) -> pq.ParquetFile:
        """A Parquet file, to be read. Raises OSError, ArrowException."""
        return pq.ParquetFile(self.path(name), filesystem=self.system)

    def names(self) -> list[str]:
        """Every Parquet file in it."""
        return [name for name in self.sizes() if name.endswith(".parquet")]

    def sizes(self) -> dict[str, int]:
        """Bytes of every file in it."""
        found = self.system.get_file_info(fs.FileSelector(self.root, recursive=True, allow_not_found=True))
        files = {info.path.removeprefix(f"{self.root}/"): int(info.size) for info in found if info.type == fs.FileType.File}
        return dict(sorted(files.items()))

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.system.delete_file(self.path(name))

    def keep_private(self, name: str) -> None:
        """Let only its owner read a file; object storage has rights of its own."""
        if self.folder is not None:
            (self.folder / name).chmod(0o600)

    def take(self, name: str, source: "DataPlace", its_name: str | None = None) -> None:
        """Copy a file from another place: it is whole, or not there."""
        target = self.path(name)
        beside = f"{target}.part" if self.folder is not None else target
        if self.folder is not None:
            (self.folder / name).parent.mkdir(MINE, parents=True, exist_ok=True)
        # A file in object storage appears when its stream is closed, so that it needs no other name until then.
        fs.copy_files(
            source.path(its_name or name), beside, source_filesystem=source.system, destination_filesystem=self.system
        )
        if self.folder is not None:
            (self.folder / f"{name}.part").replace(self.folder / name)
            self.keep_private(name)

    def put(self, source: Path, name: str) -> None:
        """Copy a file or a folder of this machine into it."""
        if source.is_dir():
            for entry in source.iterdir():
                self.put(entry, f"{name}/{entry.name}")
        elif source.is_file():
            self.take(name, DataPlace("", str(source.parent), fs.LocalFileSystem(), source.parent), source.name)

    def write(self, name: str, content: bytes) -> None:
        """Write a file: it is whole, or as it was before."""
        own = self.path(name) if self.folder is None else f"{self.path(name)}.part"
        with self.system.open_output_stream(own) as stream:
            stream.write(content)
        if self.folder is not None:
            (self.folder / f"{name}.part").replace(self.folder / name)

    def under(self, name: str) -> "DataPlace":
        """A folder in it, as a place of its own."""
        folder = None if self.folder is None else self.folder / name
        return DataPlace(f"{self.url}{name}/", self.path(name), self.system, folder)

    def prepare(self, connection: Any, settings: S3Settings) -> None:
        """What is said to a connection of the engine before it can reach the place. Raises StoreBroken."""
        if self.folder is not None:
            return
        key, secret = _keys(settings)
        parts = {"KEY_ID": key, "SECRET": secret, "REGION": settings.region, "SCOPE": self.url}
        if _endpoint(settings):
            scheme, _, host = _endpoint(settings).partition("://")
            parts |= {"ENDPOINT": host, "URL_STYLE": "path"}
            encrypted = f", USE_SSL {'true' if scheme == 'https' else 'false'}"
        else:
            encrypted = ""
        words = ", ".join(f"{name} '{value.replace(chr(39), chr(39) * 2)}'" for name, value in parts.items())
        connection.execute("SET enable_server_cert_verification = true")
        if settings.ca is not None:
            connection.execute(f"SET ca_cert_file = '{quoted(Path(settings.ca))}'")
        connection.execute(f"CREATE OR REPLACE SECRET data_place (TYPE s3, {words}{encrypted})")

    @property
    def extensions(self) -> tuple[str, ...]:
        """What the engine needs for it."""
        return () if self.folder is not None else ("httpfs",)


def data_place(folder: Path, settings: FabSettings) -> DataPlace:
    """The place that is stated for the data of a fab. Raises StoreBroken where its keys are not there."""
    return place_at(settings.data, folder, settings.s3)


def place_at(stated: str, folder: Path, settings: S3Settings) -> DataPlace:
    """The place with that name; a folder's name is relative to `folder`. Raises StoreBroken."""
    if not stated.startswith(S3):
        own = folder / stated
        return DataPlace(f"{quoted(own)}/", str(own), fs.LocalFileSystem(), own)
    key, secret = _keys(settings)
    scheme, _, host = _endpoint(settings).partition("://")
    system = fs.S3FileSystem(
        access_key=key,
        secret_key=secret,
        region=settings.region,
        connect_timeout=10,
        request_timeout=60,
        tls_ca_file_path=settings.ca,
        **({"endpoint_override": host, "scheme": scheme} if host else {}),
    )
    root = stated.removeprefix(S3).rstrip("/")
    return DataPlace(f"{S3}{root}/", root, system, None)


def _endpoint(settings: S3Settings) -> str:
    """Where the server is: as stated, else as other programs are told it as well."""
    return settings.endpoint or os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")


def _keys(settings: S3Settings) -> tuple[str, str]:
    try:
        return secret_of(settings.key_env), secret_of(settings.secret_env)
    except NoSecret as fault:
        raise StoreBroken(
            f"The keys of the object storage are not there. {fault}", "set it, or write the key into a file"
        ) from None
