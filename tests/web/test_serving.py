"""Starting and stopping the service: what it refuses, and what it says then."""

import signal
import socket
import subprocess
import sys

import httpx
import pytest

from fabwatch.api.keys import Keys
from tests.fabs import new_fab
from tests.served import Server


def told(*arguments):
    line = [sys.executable, "-m", "fabwatch", "serve", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def fab(tmp_path):
    new_fab(tmp_path / "fab").close()
    return tmp_path / "fab"


def test_a_port_that_is_taken_is_told_with_the_way_out(fab):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = told("--fab", fab, "--port", other.getsockname()[1])
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "hint: stop the program that uses it, or use another port" in done.stderr


def test_no_fab_there_and_a_fab_of_a_newer_version_are_told(tmp_path, fab):
    done = told("--fab", tmp_path / "none", "--port", 0)
    assert (done.returncode, "There is no fab" in done.stderr) == (1, True)
    (fab / "fabwatch.json").write_text('{"format": 99}')
    done = told("--fab", fab, "--port", 0)
    assert (done.returncode, "format 99" in done.stderr) == (1, True)


def test_faults_of_fab_toml_are_told_before_it_starts(fab):
    (fab / "fab.toml").write_text("[server]\nupload_gb = 2\n")
    done = told("--fab", fab, "--port", 0)
    assert done.returncode == 1
    assert "upload_mb" in done.stderr


def test_where_others_reach_it_the_service_starts_only_with_a_key(fab):
    done = told("--fab", fab, "--host", "0.0.0.0", "--port", 0)
    assert done.returncode == 1
    assert "there is no key" in done.stderr
    assert "fabwatch key create" in done.stderr


def test_it_stops_at_once_when_it_is_told_to_and_says_no_traceback(fab):
    running = Server(fab)
    assert httpx.get(f"{running.address}/health").json()["status"] == "ok"
    assert running.get("/api/v1/areas").status_code == 200
    running.process.send_signal(signal.SIGINT)
    _, said = running.process.communicate(timeout=15)
    assert "Traceback" not in said


def test_a_key_that_is_made_while_it_runs_opens_at_once_and_one_that_is_revoked_does_not(fab):
    running = Server(fab)
    try:
        store = Keys(fab)
        secret, key = store.create("late", "read")
        headers = {"Authorization": f"Bearer {secret}"}
        assert httpx.get(f"{running.address}/api/v1/keys", headers=headers).status_code == 403
        store.revoke(key.id)
        store.close()
        assert httpx.get(f"{running.address}/api/v1/keys", headers=headers).status_code == 401
    finally:
        running.stop()
