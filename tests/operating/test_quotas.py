"""One key cannot take the service from the others: it is told when to come back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fabwatch.api.keys import Keys
from fabwatch.api.middleware.quotas import Pace
from tests.served import AS_OF, Server

MOVES = "lot,wafer,tool,end_at\n{name},{name}.01,ETCH-1,2026-06-09T01:00:00Z\n"


@pytest.fixture(scope="module")
def limited(own_folder: Path) -> Iterator[Server]:
    with (own_folder / "fab.toml").open("a") as stated:
        stated.write("\n[server]\nrequests_per_minute = 20\nload_mb_per_day = 0.002\n")
    running = Server(own_folder, "--as-of", AS_OF)
    yield running
    running.stop()


def test_a_key_that_asks_too_often_is_told_when_to_come_back_and_another_is_answered(limited: Any) -> None:
    with limited.client("read") as client:
        answers = [client.get("/api/v1/nothing") for _ in range(60)]
    refused = next(answer for answer in answers if answer.status_code != 404)
    # One comes back every three seconds, for a machine that is slow.
    assert answers.index(refused) >= 20
    assert refused.status_code == 429
    assert refused.json()["code"] == "TooOften"
    assert 1 <= int(refused.headers["retry-after"]) <= 3
    with limited.client("admin") as client:
        assert client.get("/api/v1/fab").status_code == 200
        # What needs no key is no key's.
        assert all(client.get("/health").status_code == 200 for _ in range(30))


def test_bytes_of_loads_are_counted_over_a_day_and_reading_goes_on(limited: Any) -> None:
    with limited.client("load") as client:

        def loaded(name: str, more: str = "") -> Any:
            return client.post("/api/v1/loads", files={"files": (f"moves_{name}.csv", MOVES.format(name=name) + more)})

        assert loaded("Q1").status_code in (200, 202)
        refused = loaded("Q2", "\n" * 2000)
        assert (refused.status_code, refused.json()["code"]) == (429, "QuotaUsed")
        assert 1 <= int(refused.headers["retry-after"]) <= 86_400
        assert "MB so far" in refused.json()["what"]
        assert loaded("Q3").status_code in (200, 202)
        assert client.get("/api/v1/loads").status_code == 200
    store = Keys(limited.fab)
    used = store.loaded(limited.key("load").split("_")[1])
    store.close()
    assert 300 < used < 2000


def test_the_quota_begins_anew_at_midnight_and_is_kept_over_a_restart(own_folder: Path) -> None:
    now = [datetime(2026, 7, 1, 23, 59)]
    store = Keys(own_folder, lambda: now[0])
    store.note_loaded("abcd", 700)
    store.note_loaded("abcd", 300)
    store.close()
    store = Keys(own_folder, lambda: now[0])
    assert (store.loaded("abcd"), store.loaded("other")) == (1000, 0)
    now[0] += timedelta(minutes=1)
    assert store.loaded("abcd") == 0
    store.note_loaded("abcd", 5)
    assert store.loaded("abcd") == 5
    store.close()


def test_requests_come_back_one_by_one_up_to_those_of_a_minute() -> None:
    now = [0.0]
    pace = Pace(6, lambda: now[0])
    assert [pace.take("a") for _ in range(7)] == [0.0] * 6 + [10.0]
    assert pace.take("b") == 0
    now[0] = 9
    assert pace.take("a") == pytest.approx(1.0)
    now[0] = 10
    assert pace.take("a") == 0
    now[0] = 10_000
    assert [pace.take("a") > 0 for _ in range(7)] == [False] * 6 + [True]


def test_without_a_limit_none_is_kept(server: Any) -> None:
    with server.client("read") as client:
        assert {client.get("/api/v1/fab").status_code for _ in range(80)} == {200}
