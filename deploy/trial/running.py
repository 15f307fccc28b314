"""What is tried of a running image: who it is, what it can write, how soon it is healthy, and its rooms."""

from pathlib import Path
from typing import Any

from deploy.trial.container import Container
from deploy.trial.image import Image

TABLE = """
import random
rows = [(random.random(), random.choice("AB")) for _ in range(400)]
print("a,b,result")
print("\\n".join(f"{a},{b},{a + (b == 'A') > 0.9}" for a, b in rows))
"""
PAGE = """
import sys, urllib.request as u
ask = u.Request("http://127.0.0.1:8000/api/v1/risk", headers={"Authorization": "Bearer " + sys.argv[1]})
print(u.urlopen(ask).status)
"""
WRITES = "for at in / /opt/fabwatch /etc /tmp /fab; do (: > $at/.w) 2> /dev/null && echo $at; done; rm -f /tmp/.w /fab/.w"


def tried(image: Image, work: Path) -> dict[str, Any]:
    """Start an empty fab, refuse to serve it without a key, serve it, and load, ask, train and export in it."""
    volume = work / "fab"
    volume.mkdir()
    _ended(image, volume, "ingest", "/tmp")
    code, text = _ran(image, volume, "serve", "--host", "0.0.0.0")
    assert code == 1, text
    assert "there is no key" in text
    key = _ended(image, volume, "key", "create", "ana", "--scope", "admin").splitlines()[0]
    with Container(image, volume) as served:
        seconds = served.healthy_after()
        figures: dict[str, Any] = {
            "healthy_after_s": round(seconds, 2),
            "writes_to": _said(served, "sh", "-c", WRITES).split(),
        }
        figures["user"] = _said(served, "id").strip()
        figures["capabilities"] = _said(served, "sh", "-c", "grep CapEff /proc/self/status").split()[-1]
        figures["answers"] = _said(served, "python", "-c", PAGE, key).strip()
        figures["rooms"] = _rooms(served)
        code, seconds = served.stopped_after()
        return figures | {"stopped_after_s": round(seconds, 2), "stopped_with": code}


def _rooms(served: Container) -> list[str]:
    """Every room that leans on a package of its own: the engine, charts, models, pulls, assistants."""
    _said(served, "sh", "-c", f"python - > /fab/table.csv << 'END'\n{TABLE}\nEND")
    done = []
    for name, line in {
        "demo": "fabwatch demo --fab /fab/demo",
        "risk": "fabwatch risk --fab /fab/demo --json",
        "spc": "fabwatch spc --fab /fab/demo --json",
        "additive": "fabwatch model train /fab/table.csv --target result --name additive",
        "trees": "fabwatch model train /fab/table.csv --target result --name trees --learner trees",
        "export": "fabwatch model export additive --as lambda -o /fab/exported",
        "assistant": "python -c 'import mcp, oracledb, psycopg, pytds'",
    }.items():
        _said(served, "sh", "-c", line)
        done.append(name)
    return done


def _said(served: Container, *command: str) -> str:
    run = served.beside(*command)
    assert run.returncode == 0, f"{command}: {run.stdout[-1500:]}{run.stderr[-1500:]}"
    return run.stdout


def _ran(image: Image, volume: Path, *arguments: str) -> tuple[int, str]:
    with Container(image, volume, *arguments) as running:
        return running.output()


def _ended(image: Image, volume: Path, *arguments: str) -> str:
    code, text = _ran(image, volume, *arguments)
    assert code == 0, text
    return text
