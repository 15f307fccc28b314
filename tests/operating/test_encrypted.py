"""Over TLS a server has to show a certificate that is valid now: databases, object storage, mail and webhooks."""

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fabwatch.fab import Fab
from fabwatch.terms.errors import BadSettings
from tests.alerts.receivers import mail_server, webhook
from tests.certificates import certificate
from tests.commands import command
from tests.conftest import NOW
from tests.fabs import made_once
from tests.served import made
from tests.servers import PROGRAMS, PostgreSQL, object_storage

SECRET = "FABWATCH_TEST_DB"
BUCKET = "fab"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SECRET, "only-for-tests")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "KEY-SECRET")
    return shutil.copytree(made_once("served", made) / "fab", tmp_path / "fab")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    if not PROGRAMS:
        pytest.skip("no PostgreSQL is installed: apt-get install postgresql")
    server = PostgreSQL()
    yield server
    server.stop()
    server.remove()


def stated(folder: Path, text: str) -> None:
    (folder / "fab.toml").write_text(text)


def test_a_database_whose_certificate_is_anothers_or_has_ended_gives_no_rows(
    folder: Path, server: PostgreSQL, tmp_path: Path
) -> None:
    valid, another = certificate(tmp_path), certificate(tmp_path, days=8)
    query = "SELECT 'L900' AS lot, 'ETCH-1' AS tool, 25 AS wafers, TIMESTAMP '2026-06-09 10:00' AS end_at"
    mes = f'[databases.mes]\nurl = "{server.address}"\nsecret_env = "{SECRET}"\nca = "{{}}"\n'
    pull = f'[databases.mes.pull.moves]\nquery = "{query}"\nzone = "UTC"\n'
    server.encrypt(*valid)
    server.start()
    stated(folder, mes.format(another[0]) + pull)
    code, out, err = command("pull", "--fab", folder)
    assert (code, "certificate" in out + err) == (2, True), out + err
    stated(folder, mes.format(valid[0]) + pull)
    code, out, err = command("pull", "--fab", folder)
    assert code == 0, out + err
    with psycopg.connect(server.address, password="only-for-tests", sslmode="require") as connection:
        assert connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == (True,)
    ended = certificate(tmp_path, days=-1)
    server.stop()
    server.encrypt(*ended)
    server.start()
    stated(folder, mes.format(ended[0]) + pull)
    code, out, err = command("pull", "--fab", folder)
    assert (code, "certificate" in out + err) == (2, True), out + err
    with Fab(folder, clock=lambda: NOW) as fab:
        (found,) = [one for one in fab.connections().connections if one.what == "pull"]
        assert (found.state, found.failures) == ("failing", 1)
        assert "certificate" in (found.error or "")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://u@h/d?sslmod=verify-full", "only sslmode"),
        ("oracle://u@h/s?ssl=1", "nothing behind"),
        ("mssql://u@h/d?encrypt=1", "nothing behind"),
    ],
)
def test_what_an_address_says_that_nobody_heeds_is_refused(tmp_path: Path, url: str, said: str) -> None:
    stated(tmp_path, f'[databases.mes]\nurl = "{url}"\n')
    with pytest.raises(BadSettings, match=said):
        Fab(tmp_path, create=True)


def test_object_storage_has_to_show_the_certificate_that_is_stated(folder: Path, tmp_path: Path) -> None:
    valid, another = certificate(tmp_path), certificate(tmp_path, days=8)
    with object_storage(BUCKET, valid) as address:
        place = f'[fab]\ndata = "s3://{BUCKET}/lake"\n[fab.s3]\nendpoint = "{address}"\n'
        more = tmp_path / "more.csv"
        rows = [f"L{number},ETCH-1,25,2026-06-09T10:00:00Z" for number in range(900, 930)]
        more.write_text("\n".join(["lot,tool,wafers,end_at", *rows]) + "\n")
        for trusted in ("", f'ca = "{another[0]}"\n'):
            stated(tmp_path, place + trusted)
            own = tmp_path / f"fab{len(trusted)}"
            own.mkdir()
            stated(own, place + trusted)
            code, out, err = command("ingest", more, "--fab", own)
            assert (code, "certificate" in out + err) == (2, True), out + err
        own = tmp_path / "trusts"
        own.mkdir()
        stated(own, f'{place}ca = "{valid[0]}"\n')
        code, out, err = command("ingest", more, "--fab", own)
        assert code == 0, out + err
        with Fab(own, clock=lambda: NOW) as fab:
            assert fab.sql("SELECT count(*) AS n FROM moves")["n"].tolist() == [30]


@pytest.mark.parametrize("days", [9, -1])
def test_mail_and_webhook_go_only_to_who_shows_a_certificate_that_is_valid_now(
    folder: Path, tmp_path: Path, days: float
) -> None:
    public, private = certificate(tmp_path, days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    with mail_server(context) as (sink, mail), webhook(context) as (hook, post):
        channels = f'[alerts.channels.mail]\nurl = "{mail}"\nto = "shift@fab.example"\nca = "{public}"\n'
        channels += f'[alerts.channels.chat]\nurl = "{post}/hook"\nca = "{public}"\n'
        stated(folder, channels)
        for channel in ("mail", "chat"):
            code, out, err = command("alerts", "test", channel, "--days", 1, "--fab", folder)
            assert (code, "certificate" in out + err) == ((0, False) if days > 0 else (1, True)), out + err
        assert (len(sink.mails), len(hook.posted)) == ((1, 1) if days > 0 else (0, 0))
