"""The audit goes where a plant keeps its logs: each entry once, in order, whoever was away meanwhile."""

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fabwatch.decisions.answers import Entry
from fabwatch.decisions.audit_export import as_cef, as_syslog
from fabwatch.fab import Fab
from fabwatch.terms.errors import BadSettings, CannotSend
from tests.certificates import certificate
from tests.commands import command
from tests.diary import DAY0, NOW, Diary
from tests.fabs import copy_of, made_once

SYSLOG = re.compile(
    r"<109>1 (?P<at>\S+Z) (?P<host>\S+) fabwatch - (?P<act>\S+) "
    r'\[fabwatch@32473 seq="(?P<seq>\d+)" hash="(?P<hash>[0-9a-f]{64})" previous="(?P<previous>[0-9a-f]*)"\] '
    r"(?P<text>\{.*\})"
)


@pytest.fixture
def fab(tmp_path: Path) -> Iterator[Fab]:
    made = copy_of(made_once("audited", _audited) / "fab", tmp_path / "fab", clock=lambda: NOW)
    yield made
    made.close()


def _audited(folder: Path) -> None:
    last = (NOW - DAY0).days
    made = Diary(folder).ran(*range(last)).qual(last - 9, passed=True).fab()
    for number in range(3):
        decided(made, number)
    made.close()


def decided(fab: Fab, number: int) -> None:
    fab.decide("T", "p", "warning", 100 + number, who="night \u00fcber", reason=f'reason {number} | = "]"')


def stated(fab: Fab, address: str) -> Fab:
    fab.close()
    (fab.path / "fab.toml").write_text(f'[audit]\nsyslog = "{address}"\n')
    return Fab(fab.path, clock=lambda: NOW)


def numbers(messages: list[str]) -> list[int]:
    return [int(hit["seq"]) for message in messages if (hit := SYSLOG.fullmatch(message))]


class Stream:
    """A receiver over TCP that reads messages by the length before them."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.messages: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            data = b""
            with (
                suppress(ssl.SSLError),
                link if self._tls is None else self._tls.wrap_socket(link, server_side=True) as open_link,
            ):
                while part := open_link.recv(65536):
                    data += part
            while data:
                length, _, data = data.partition(b" ")
                self.messages.append(data[: int(length)].decode())
                data = data[int(length) :]

    def stop(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join(10)


def test_each_entry_is_sent_once_over_tcp_and_what_comes_later_follows(fab: Fab) -> None:
    receiver = Stream()
    fab = stated(fab, receiver.address)
    assert (fab.send_audit(), fab.send_audit()) == (3, 0)
    decided(fab, 3)
    fab = stated(fab, receiver.address)
    assert fab.send_audit() == 1
    receiver.stop()
    assert numbers(receiver.messages) == [1, 2, 3, 4]
    hits = [SYSLOG.fullmatch(message) for message in receiver.messages]
    entries = {entry.seq: entry for entry in fab.audit()}
    for hit in hits:
        assert hit is not None
        entry = entries[int(hit["seq"])]
        assert (hit["hash"], hit["previous"], hit["act"]) == (entry.hash, entry.previous, entry.act)
        assert json.loads(hit["text"])["reason"] == entry.reason
        assert json.loads(hit["text"])["who"] == "night \u00fcber"
    fab.close()


def test_a_receiver_that_is_away_gets_all_it_missed_when_it_is_there_again(fab: Fab) -> None:
    receiver = Stream()
    fab = stated(fab, receiver.address)
    assert fab.send_audit() == 3
    receiver.stop()
    decided(fab, 3)
    with pytest.raises(CannotSend, match=f"127.0.0.1:{receiver.port}"):
        fab.send_audit()
    decided(fab, 4)
    back = Stream(receiver.port)
    assert fab.send_audit() == 2
    back.stop()
    assert numbers(back.messages) == [4, 5]
    fab.close()


def test_a_connection_that_is_broken_off_counts_as_not_sent(fab: Fab) -> None:
    breaker = socket.create_server(("127.0.0.1", 0))

    def broken() -> None:
        link, _ = breaker.accept()
        link.recv(1)
        # With what came left unread, closing resets the connection.
        link.close()

    thread = threading.Thread(target=broken, daemon=True)
    thread.start()
    fab = stated(fab, f"tcp://127.0.0.1:{breaker.getsockname()[1]}")
    with pytest.raises(CannotSend):
        fab.send_audit()
    thread.join(10)
    breaker.close()
    assert not (fab.path / "audit.sent").exists()
    fab.close()


def test_a_receiver_that_keeps_the_connection_open_gets_each_entry_once(fab: Fab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fabwatch.decisions.audit_sending.TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as keeper:
        fab = stated(fab, f"tcp://127.0.0.1:{keeper.getsockname()[1]}")
        assert (fab.send_audit(), fab.send_audit()) == (3, 0)
    fab.close()


def test_over_tls_the_receiver_has_to_show_the_certificate_that_is_stated(fab: Fab, tmp_path: Path) -> None:
    public, private = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    receiver = Stream(tls=context)
    address = receiver.address.replace("tcp", "tls")
    fab = stated(fab, address)
    with pytest.raises(CannotSend, match="certificate"):
        fab.send_audit()
    fab = stated(fab, f'{address}"\nca = "{public}')
    assert fab.send_audit() == 3
    for _ in range(100):
        if len(receiver.messages) == 3:
            break
        time.sleep(0.05)
    assert numbers(receiver.messages) == [1, 2, 3]
    fab.close()


def test_over_udp_each_entry_is_a_datagram_and_another_receiver_gets_all(fab: Fab) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        fab = stated(fab, f"udp://127.0.0.1:{receiver.getsockname()[1]}")
        assert fab.send_audit() == 3
        got = [receiver.recv(65536).decode() for _ in range(3)]
        assert numbers(got) == [1, 2, 3]
    other = Stream()
    fab = stated(fab, other.address)
    assert fab.send_audit() == 3
    other.stop()
    assert numbers(other.messages) == [1, 2, 3]
    fab.close()


def test_an_audit_that_was_brought_back_from_a_backup_is_sent_again_as_a_whole(fab: Fab) -> None:
    receiver = Stream()
    fab = stated(fab, receiver.address)
    (fab.path / "audit.sent").write_text(json.dumps({"to": receiver.address, "seq": 2, "hash": "another"}))
    assert fab.send_audit() == 3
    (fab.path / "audit.sent").write_text('{"to": ')
    assert fab.send_audit() == 3
    receiver.stop()
    fab.close()


def test_the_audit_is_exported_in_three_forms_from_any_number_on(fab: Fab, tmp_path: Path) -> None:
    fab.close()
    done = command("audit", "export", "--since", 1, "--fab", fab.path)
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["seq"] for row in rows] == [2, 3]
    assert rows[1]["previous"] == rows[0]["hash"]
    syslog = command("audit", "export", "--format", "syslog", "--fab", fab.path).out.splitlines()
    assert numbers(syslog) == [1, 2, 3]
    file = tmp_path / "audit.cef"
    for since in (0, 2):
        assert command("audit", "export", "--format", "cef", "--to", file, "--since", since, "--fab", fab.path).code == 0
    lines = file.read_text().splitlines()
    assert len(lines) == 4
    assert all(line.startswith("CEF:0|fabwatch|fabwatch|") for line in lines)
    assert r'msg=reason 0 | \= "]"' in lines[0]
    refused = command("audit", "export", "--format", "xml", "--fab", fab.path)
    assert (refused.code, "json, cef, syslog" in refused.err) == (1, True)


def test_no_text_of_an_entry_can_end_its_line_or_its_fields() -> None:
    bad = Entry(7, NOW, 'a"]\n|=', "ac t|\n", '{"x": "' + "y" * 9000 + '"}', "r\nr]=|\\", 'p"]', "h" * 64)
    for line in (as_cef(bad), as_syslog(bad)):
        assert len(line.splitlines()) == 1
    assert 'previous="p\\"\\]"' in as_syslog(bad)
    assert len(as_syslog(bad)) < 9000
    assert json.loads(as_syslog(bad).partition('\\]"] ')[2])["cut"] == "9009"
    assert as_cef(bad).count("|") - as_cef(bad).count("\\|") == 7 + 2


@pytest.mark.parametrize("address", ["host:514", "http://x", "tcp://", "udp://a b", "tls://me:secret@host"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(f'[audit]\nsyslog = "{address}"\n')
    with pytest.raises(BadSettings, match="tls://host:6514"):
        Fab(tmp_path / "fab", create=True)


def test_the_service_sends_a_decision_by_itself(own_server: Any) -> None:
    receiver = Stream()
    with (own_server.fab / "fab.toml").open("a") as file:
        file.write(f'\n[audit]\nsyslog = "{receiver.address}"\n')
    with own_server.client("decide") as client:
        body = {"tool": "CMP-1", "qual_type": "particles", "name": "warning", "value": 25, "reason": "fewer"}
        assert client.post("/api/v1/decisions", json=body).status_code in (200, 201)
    for _ in range(200):
        if receiver.messages:
            break
        time.sleep(0.1)
    receiver.stop()
    assert "fewer" in receiver.messages[-1]
