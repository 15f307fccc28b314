"""Where fab.toml says that the catalog and the data are: how it is changed when they move."""

import tomllib

from fabwatch.terms.toml_edit import with_table


def with_catalog(text: str, catalog: str, data: str) -> str:
    """The text of a fab.toml that states this catalog and place of data; all else stays as it is written."""
    stated = dict(tomllib.loads(text).get("fab", {}))
    return with_table(text, ("fab",), stated | {"catalog": catalog, "data": data})
