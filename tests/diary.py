"""The diary of a few tools, told day by day, as files that a fab loads."""

from datetime import datetime, timedelta

from tests.fabs import new_fab

NOW = datetime(2026, 7, 1)
DAY0 = datetime(2026, 5, 1)


class Diary:
    """A tool told day by day; every day that it runs it processes 100 wafers at noon."""

    def __init__(self, folder):
        self.folder, self._lines = folder, {"moves": [], "quals": [], "restores": [], "tools": []}

    def ran(self, *days, tool="T"):
        self._lines["moves"] += [f"L{tool}{day},{tool},100,{_at(day + 0.5)}" for day in days]
        return self

    def qual(self, day, passed, tool="T", kind="p", chamber="", reason=""):
        self._lines["quals"].append(f"{tool},{chamber},{kind},{_at(day)},{'pass' if passed else 'fail'},{reason}")
        return self

    def stated(self, text):
        (self.folder / "fab").mkdir()
        (self.folder / "fab" / "fab.toml").write_text(text)
        return self

    def restored(self, day, tool="T"):
        self._lines["restores"].append(f"{tool},{_at(day)},repair")
        return self

    def typed(self, *tools):
        self._lines["tools"] += [f"{tool},TYPE" for tool in tools]
        return self

    def fab(self):
        headers = {
            "tools": "tool,tool_type", "moves": "lot,tool,wafers,end_at", "restores": "tool,done_at,kind",
            "quals": "tool,chamber,qual_type,processed_at,passed,reason",
        }  # fmt: skip
        files = []
        for name, header in headers.items():
            if self._lines[name]:
                files.append(self.folder / f"{name}.csv")
                files[-1].write_text("\n".join([header, *self._lines[name]]) + "\n")
        fab = new_fab(self.folder / "fab", clock=lambda: NOW)
        assert fab.ingest(files).clean
        return fab


def _at(day):
    return (DAY0 + timedelta(days=day)).isoformat() + "Z"
