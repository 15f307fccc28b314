"""Planned maintenance as people see it: on the page of the tool, in the plan, and on the command line."""

import re
from datetime import timedelta

from tests.commands import command
from tests.diary import DAY0, Diary
from tests.served import Server

AS_OF = (DAY0 + timedelta(days=35)).isoformat() + "Z"
WORK = DAY0 + timedelta(days=36.5)


def test_the_pages_and_the_commands_show_planned_maintenance(tmp_path):
    log = Diary(tmp_path).typed("T").restored(0).ran(*range(35))
    for begin in (0, 10, 20):
        log.qual(begin + 3, True).qual(begin + 6, True).qual(begin + 9, False).restored(begin + 9.5)
    calendar = tmp_path / "calendar.csv"
    calendar.write_text(f"tool,done_at,kind\nT,{WORK.isoformat()}Z,planned\n")
    with log.qual(33, True).fab() as fab:
        assert fab.ingest([calendar]).clean
    day = f"{WORK:%Y-%m-%d}"
    forecast = command("forecast", "--tool", "T", "--as-of", AS_OF, "--fab", tmp_path / "fab")
    assert f"Planned maintenance on {day}T12:00:00Z comes before the window ends" in " ".join(forecast.out.split())
    csv = command("forecast", "--tool", "T", "--as-of", AS_OF, "--fab", tmp_path / "fab", "--csv")
    assert f"{day}T12:00:00Z" in csv.out
    server = Server(tmp_path / "fab", "--as-of", AS_OF)
    try:
        with server.client("admin") as client:
            (row,) = client.get("/api/v1/forecast", params={"tool": "T"}).json()["tools"]
            assert row["planned"]["day"] == 1.5
            # The page shows at once what has been answered.
            items = client.get("/api/v1/plan", params={"days": 14}).json()["items"]
            assert [item["maintenance_at"] for item in items] == [f"{day}T12:00:00Z"]
            client.headers.update({"Accept": "text/html", "Accept-Language": "en"})
            tool = client.get("/tools/T").text
            plan = client.get("/plan", params={"days": 14}).text
    finally:
        server.stop()
    shown = re.search(r"planned maintenance</dt><dd>(.*?)</dd>", tool)
    assert shown
    assert "out of spec" in shown.group(1)
    due = row["next_quals"][0]
    assert f"(80 %: {due['day_low']:.1f} – {due['day_high']:.1f})" in tool
    assert "planned maintenance" in plan
