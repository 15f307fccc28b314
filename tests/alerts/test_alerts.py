"""People are told once of what they should know, by a mail or a webhook, until somebody has seen it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fabwatch.alerts.passing import GIVEN_UP
from fabwatch.fab import Fab
from fabwatch.terms.errors import BadSettings, CannotSend, DecidedAlready, UnknownCase
from fabwatch.terms.settings.alerting import ALERT_RULES
from fabwatch.terms.words import sentence
from tests.alerts.receivers import Hook, Sink, mail_server, webhook
from tests.commands import command
from tests.diary import DAY0, NOW, Diary

MAIL = """
[alerts]
on = true
address = "https://fab.example"
{more}
[alerts.channels.night]
url = "{url}"
to = ["night@fab.example"]
"""


@pytest.fixture
def sink() -> Iterator[tuple[Sink, str]]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[tuple[Hook, str]]:
    with webhook() as receiver:
        yield receiver


class Clock:
    """A clock that a test moves on."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def on(self, **more: float) -> None:
        self.moment += timedelta(**more)


Made = Callable[..., Fab]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def made(tmp_path: Path, clock: Clock) -> Made:
    """A fab whose tool T failed its last qual two days ago; it is told what stands in fab.toml."""

    def make(toml: str, diary: Callable[[Diary], Any] = lambda log: log) -> Fab:
        log = Diary(tmp_path).stated(toml)
        last = (NOW - DAY0).days
        log.ran(*range(last)).qual(last - 9, passed=True).qual(last - 2, passed=False).ran(last - 0.6)
        diary(log)
        log.fab().close()
        return Fab(tmp_path / "fab", clock=clock)

    return make


def again(fab: Fab, clock: Clock) -> Fab:
    """The same fab after everything was started anew."""
    fab.close()
    return Fab(fab.path, clock=clock)


def test_a_failed_qual_is_mailed_once_across_restarts_and_the_case_closes_when_it_passes(
    made: Made, sink: tuple[Sink, str], clock: Clock, tmp_path: Path
) -> None:
    fab = made(MAIL.format(url=sink[1], more=""))
    assert fab.run_alerts() == (1, 0)
    for _ in range(3):
        fab = again(fab, clock)
        clock.on(minutes=1)
        assert fab.run_alerts() == (0, 0)
    (mail,) = sink[0].mails
    assert mail["Subject"] == "[fabwatch] T: failed its qual"
    assert mail["To"] == "night@fab.example"
    text = mail.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "failed 2026-06-29" in text
    assert "https://fab.example/tools/T" in text
    assert "A-0001" in text
    (case,) = fab.alerts().cases
    assert (case.case, case.subject, case.rule, case.sent, case.open) == ("A-0001", "T", "failed", 1, True)
    good = tmp_path / "quals_good.csv"
    good.write_text(f"tool,qual_type,processed_at,passed\nT,p,{(NOW - timedelta(hours=2)).isoformat()}Z,pass\n")
    assert fab.ingest(good).clean
    assert fab.run_alerts() == (0, 0)
    assert fab.alerts().cases == ()
    (case,) = fab.alerts(closed=True).cases
    assert case.closed_at == clock()


def test_a_tool_has_one_open_case_and_the_most_specific_rule_wins(made: Made, sink: tuple[Sink, str], clock: Clock) -> None:
    limits = "[quals.p]\ninhibit = 200\n" + MAIL.format(url=sink[1], more="")
    fab = made(limits, lambda log: log.ran(*range(50, 61), tool="U").qual(52, passed=True, tool="U"))
    fab.run_alerts()
    # T has run 900 wafers since its last good qual and failed after that: the fail is what is told.
    assert {(case.subject, case.rule) for case in fab.alerts().cases} == {("T", "failed"), ("U", "limit")}
    assert len(sink[0].mails) == 2


def test_a_channel_that_fails_is_tried_again_with_growing_waits_and_holds_up_no_other(
    made: Made, sink: tuple[Sink, str], hook: tuple[Hook, str], clock: Clock
) -> None:
    other = f'[alerts.channels.chat]\nurl = "{hook[1]}/chat"\nform = "mattermost"\n'
    fab = made(MAIL.format(url=sink[1], more="") + other)
    sink[0].broken = True
    assert fab.run_alerts() == (1, 1)
    assert "451" in (fab.alerts().cases[0].failed or "")
    assert fab.run_alerts() == (0, 0)
    tries = 0
    for _ in range(60):
        clock.on(minutes=1)
        tries += sum(fab.run_alerts())
    assert tries == 5
    sink[0].broken = False
    clock.on(hours=1)
    assert fab.run_alerts() == (1, 0)
    assert fab.alerts().cases[0].failed is None
    assert (len(sink[0].mails), len(hook[0].posted)) == (1, 1)


def test_who_has_seen_a_case_is_not_reminded_and_the_audit_says_so(made: Made, sink: tuple[Sink, str], clock: Clock) -> None:
    fab = made(MAIL.format(url=sink[1], more='remind_hours = 4\nrules = ["failed"]'))
    fab.run_alerts()
    clock.on(hours=4)
    assert fab.run_alerts() == (1, 0)
    assert sink[0].mails[1]["Subject"].startswith("[fabwatch] Still so: T")
    assert sink[0].mails[1]["Message-ID"] != sink[0].mails[0]["Message-ID"]
    seen = fab.ack_alert("A-0001", who="night shift", reason="the tool is stopped")
    assert seen.acknowledged_by == "night shift"
    clock.on(hours=20)
    assert fab.run_alerts() == (0, 0)
    assert (fab.audit()[0].act, fab.audit()[0].reason) == ("alert", "the tool is stopped")
    assert fab.verify_audit().whole
    with pytest.raises(DecidedAlready):
        fab.ack_alert("A-0001", who="day shift", reason="once more")
    with pytest.raises(UnknownCase):
        fab.ack_alert("A-0002", who="day shift", reason="another one")


def test_a_message_that_was_being_sent_when_all_stopped_goes_out_again_under_its_own_mark(
    made: Made, sink: tuple[Sink, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fab = made(MAIL.format(url=sink[1], more=""))

    class Killed(BaseException):
        pass

    def stopping(*given: Any) -> None:
        raise Killed

    monkeypatch.setattr("fabwatch.alerts.passing.one_pass.__defaults__", (stopping,))
    with pytest.raises(Killed):
        fab.run_alerts()
    monkeypatch.undo()
    fab = again(fab, clock)
    # Another server may be sending it still.
    clock.on(seconds=GIVEN_UP.total_seconds() - 1)
    assert fab.run_alerts() == (0, 0)
    clock.on(seconds=1)
    assert fab.run_alerts() == (1, 0)
    assert sink[0].mails[0]["X-Fabwatch-Case"] == "A-0001.0"


def test_two_servers_on_one_fab_send_one_message(made: Made, sink: tuple[Sink, str], clock: Clock) -> None:
    fab = made(MAIL.format(url=sink[1], more=""))
    fab.close()
    sent: list[int] = []

    def one() -> None:
        with Fab(fab.path, clock=clock) as own:
            sent.append(own.run_alerts()[0])

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(sent) == [0, 0, 1]
    assert len(sink[0].mails) == 1


@pytest.mark.parametrize("form", ["json", "slack", "mattermost", "teams"])
def test_a_webhook_gets_the_form_that_it_reads(made: Made, hook: tuple[Hook, str], form: str) -> None:
    channel = f'[alerts.channels.chat]\nurl = "{hook[1]}/x"\nform = "{form}"\n'
    fab = made(f'[alerts]\non = true\naddress = "https://fab.example"\n{channel}')
    assert fab.run_alerts() == (1, 0)
    ((path, body, headers),) = hook[0].posted
    assert (path, headers["Idempotency-Key"]) == ("/x", "A-0001.0")
    whole = json.dumps(body)
    assert "https://fab.example/tools/T" in whole
    assert "no restore since" in whole
    if form == "teams":
        assert body["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    elif form == "json":
        assert (body["case"], body["rule"], body["subject"]) == ("A-0001", "failed", "T")
    else:
        assert list(body) == ["text"]


def test_a_webhook_that_refuses_or_points_elsewhere_is_named_and_not_followed(made: Made, hook: tuple[Hook, str]) -> None:
    fab = made(f'[alerts]\non = true\n[alerts.channels.chat]\nurl = "{hook[1]}/secret-path"\n')
    hook[0].status = 500
    assert fab.run_alerts() == (0, 1)
    hook[0].status = 302
    with pytest.raises(CannotSend, match="302"):
        fab.test_alert("chat")
    assert [path for path, _, _ in hook[0].posted] == ["/secret-path"] * 2
    (case,) = fab.alerts().cases
    assert "500" in (case.failed or "")
    assert "secret-path" not in (case.failed or "")


def test_areas_and_rules_of_a_channel_choose_what_it_gets(made: Made, hook: tuple[Hook, str]) -> None:
    toml = "[alerts]\non = true\n" + "".join(
        f'[alerts.channels.{name}]\nurl = "{hook[1]}/{name}"\n{more}\n'
        for name, more in (("all", ""), ("files", 'rules = ["not_loaded"]'), ("cmp", 'areas = ["CMP"]'))
    )
    fab = made(toml)
    odd = fab.path.parent / "odd.csv"
    odd.write_text("a;b\n1;2\n")
    fab.ingest(odd)
    fab.run_alerts()
    told = {(path, body["rule"]) for path, body, _ in hook[0].posted}
    assert told == {
        ("/all", "failed"),
        ("/all", "not_loaded"),
        ("/files", "not_loaded"),
        ("/cmp", "failed"),
        ("/cmp", "not_loaded"),
    }


def test_a_record_that_goes_quiet_is_told_and_a_tool_before_planned_work_is_not(
    made: Made, hook: tuple[Hook, str], clock: Clock
) -> None:
    fab = made(
        f'[alerts]\non = true\nmaintenance_hours = 12\n[alerts.channels.chat]\nurl = "{hook[1]}"\n',
    )
    planned = fab.path.parent / "planned.csv"
    planned.write_text(f"tool,done_at,kind\nT,{(NOW + timedelta(hours=11)).isoformat()}Z,planned\n")
    assert fab.ingest(planned).clean
    fab.run_alerts()
    assert hook[0].posted == []
    clock.on(hours=7)
    fab.run_alerts()
    assert [(body["rule"], body["subject"]) for _, body, _ in hook[0].posted] == [("silent", "the record")]
    clock.on(hours=5)
    fab.run_alerts()
    assert {case.rule for case in fab.alerts().cases} == {"silent", "failed"}


def test_the_rules_are_tried_on_the_past_before_they_are_switched_on(
    made: Made, sink: tuple[Sink, str], clock: Clock
) -> None:
    fab = made(MAIL.format(url=sink[1], more='rules = ["failed"]').replace("on = true", "on = false"))
    trial = fab.try_alerts(30)
    (case,) = trial.cases
    assert (case.subject, case.rule) == ("T", "failed")
    assert abs(case.first - (NOW - timedelta(days=2))) < timedelta(days=1)
    assert "1 cases" in trial.sentence()
    done = command("alerts", "run", "--fab", fab.path)
    assert "on is false" in done.err
    assert sink[0].mails == []
    tested = command("alerts", "test", "night", "--days", "5", "--fab", fab.path, "--json")
    assert json.loads(tested.out)["looks"] == 60
    (mail,) = sink[0].mails
    assert "This is a test" in mail.get_payload(decode=True).decode()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ('[alerts]\nrules = ["faild"]', "failed"),
        ('[alerts.channels.a]\nurl = "ftp://x"', "no smtp"),
        ('[alerts.channels.a]\nurl = "smtp://mail:25"', "address in `to`"),
        ('[alerts.channels.a]\nurl = "smtp://me:secret@mail:25"\nto = ["a@b"]', "password"),
        ('[alerts.channels.a]\nurl = "https://x"\nform = "mail"', "does not go"),
        ("[alerts]\nevery_s = 0", "every_s"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_reason(tmp_path: Path, toml: str, why: str) -> None:
    (tmp_path / "fab").mkdir()
    (tmp_path / "fab" / "fab.toml").write_text(toml)
    with pytest.raises(BadSettings) as refused:
        Fab(tmp_path / "fab", create=True)
    assert why in f"{refused.value.what} {refused.value.hint}"


def test_a_password_comes_from_the_environment_alone(
    made: Made, monkeypatch: pytest.MonkeyPatch, sink: tuple[Sink, str]
) -> None:
    url = sink[1].replace("smtp://", "smtp://me@")
    fab = made(MAIL.format(url=url, more="") + 'secret_env = "FABWATCH_TEST_SECRET"\n')
    with pytest.raises(CannotSend, match="FABWATCH_TEST_SECRET is not set"):
        fab.test_alert("night")
    monkeypatch.setenv("FABWATCH_TEST_SECRET", "hunter2")
    # This server takes no passwords, and what it says of that does not repeat one.
    with pytest.raises(CannotSend) as refused:
        fab.test_alert("night")
    assert "hunter2" not in refused.value.what


def test_the_service_tells_people_by_itself_and_an_acknowledgement_comes_over_http(
    own_server: Any, hook: tuple[Hook, str]
) -> None:
    with (own_server.fab / "fab.toml").open("a") as file:
        file.write(f'\n[alerts]\non = true\nevery_s = 1\nrules = ["failed"]\n[alerts.channels.chat]\nurl = "{hook[1]}"\n')
    for _ in range(400):
        if hook[0].posted:
            break
        time.sleep(0.25)
    subjects = [body["subject"] for _, body, _ in hook[0].posted]
    assert subjects
    assert len(subjects) == len(set(subjects))
    with own_server.client("decide") as client:
        case = client.get("/api/v1/alerts").json()["cases"][0]
        seen = client.post(f"/api/v1/alerts/{case['case']}/ack", json={"reason": "looked at"})
        assert seen.status_code in (200, 201)
        assert seen.json()["acknowledged_by"]
        assert client.post("/api/v1/alerts/A-9999/ack", json={"reason": "looked at"}).status_code == 404
    with own_server.client("read") as client:
        assert client.post(f"/api/v1/alerts/{case['case']}/ack", json={"reason": "looked at"}).status_code == 403


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_rule_has_a_title_for_its_messages(language: str) -> None:
    titles = {rule: sentence(language, f"alert_rule_{rule}") for rule in ALERT_RULES}
    assert len(set(titles.values())) == len(ALERT_RULES)
