"""`[fab]` and `[spark]`: the zone of the fab, where catalog and data are, and how the engine Spark runs."""

import re

from pydantic import Field, field_validator

from fabwatch.terms.settings.stated import Names, Stated, known_zone
from fabwatch.terms.tls import CA

SQLITE, POSTGRES = "sqlite", "postgres"
"""What catalogs are kept in."""


class S3Settings(Stated):
    """`[fab.s3]`: the object storage that the data lies on, where `[fab] data` is an s3:// address."""

    endpoint: str = Field("", description="Address of a server of one's own, such as 'https://s3.fab.example:9000'.")
    region: str = Field("us-east-1", description="Region of the bucket.")
    key_env: str = Field("AWS_ACCESS_KEY_ID", description="Environment variable with the access key, or NAME_FILE a file.")
    secret_env: str = Field(
        "AWS_SECRET_ACCESS_KEY", description="Environment variable with its secret, or NAME_FILE a file."
    )

    ca: str | None = Field(None, description=CA)

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[\w.:\[\]-]+/?", value):
            raise ValueError("endpoint begins with https:// or http:// and names a host, and a port if need be")
        return value.rstrip("/")


class SparkSettings(Stated):
    """`[spark]`: the engine Spark, where it runs on this machine or is led from it."""

    memory: str = Field("2GB", pattern=r"^\d+(MB|GB)$", description="Memory of its Java here; 512MB at least.")


class FabSettings(Stated):
    """`[fab]`: the fab itself."""

    name: str = Field("", description="Name of the fab, for headings.")
    zone: str = Field("UTC", description="IANA zone in which the pages show and read times, such as 'Europe/Berlin'.")
    catalog: str = Field(
        "sqlite:catalog.sqlite",
        description="Location of the catalog: a file in the fab folder, or 'postgres:host=… dbname=…' for a team.",
    )
    catalog_secret_env: str = Field(
        "FABWATCH_CATALOG_PASSWORD", description="Environment variable with the password of its user, or NAME_FILE a file."
    )
    data: str = Field(
        "data", description="Location of the data files: a folder (in the fab, by itself), or 's3://bucket/path'."
    )
    s3: S3Settings = S3Settings()
    memory: str = Field("700MB", pattern=r"^\d+(MB|GB)$", description="Memory the engine may use.")
    check_areas: Names = Field(("*met*", "*insp*"), description="Areas whose steps check wafers; * stands for any text.")
    anchor: str = Field("anchor.txt", description="File for the heads of audit and ledger, better elsewhere; or 'syslog'.")
    keep_days: float = Field(400.0, gt=0, le=36_500, description="Days that `known_at` reaches back; older states go.")
    suspect_days: int = Field(30, gt=0, description="How long wafers stay suspect after a fail that passed again (rule 8).")
    horizon_days: float = Field(7.0, gt=0, le=366, description="Days ahead for the chance that a tool fails.")
    watch: float = Field(0.2, gt=0, le=1, description="Chance of being out of spec from which to watch a tool.")
    act: float = Field(0.5, gt=0, le=1, description="Chance of being out of spec from which a tool needs a qual now.")
    demo: bool = Field(False, description="true: the data is made up, and every answer says so.")

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("catalog")
    @classmethod
    def _catalog_is_known(cls, value: str) -> str:
        kind, _, rest = value.partition(":")
        if kind not in (SQLITE, POSTGRES) or not rest.strip():
            raise ValueError("a catalog is 'sqlite:FILE' or 'postgres:host=… dbname=…'")
        if kind == POSTGRES and re.search(r"\bpassword\s*=", rest):
            raise ValueError("catalog holds a password; put it into the environment variable that catalog_secret_env names")
        return value

    @field_validator("data")
    @classmethod
    def _data_is_a_place(cls, value: str) -> str:
        if "://" in value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[^'\s]*)?", value):
            raise ValueError("data is a folder, or 's3://bucket/path'")
        return value.rstrip("/") or "data"
