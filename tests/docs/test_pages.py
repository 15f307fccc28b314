"""The docs say what the code does: generated pages are up to date, links lead somewhere, examples run."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from fabwatch.cli.app import _run
from fabwatch.sources.synthetic import Plan, simulate, write_exports

ROOT = Path(__file__).parent.parent.parent


def _generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_pages_are_what_the_code_says():
    for name, text in _generator().pages().items():
        assert (ROOT / "docs" / name).read_text() == text, f"{name} is behind: make docs"


def test_every_link_in_the_docs_leads_to_a_file():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "bench" / "README.md"]:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_rule_has_its_heading_and_its_tests():
    rules = (ROOT / "docs" / "rules.md").read_text()
    tests = (ROOT / "tests" / "risk" / "test_rules.py").read_text()
    for number in range(1, 13):
        assert f"\n**{number}. " in rules
        assert f"def test_rule_{number}_" in tests


def test_the_commands_of_readme_and_start_page_exist(capsys):
    verbs = set()
    for page in ("README.md", "docs/start.md"):
        for block in re.findall(r"^```.*?^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL):
            verbs |= set(re.findall(r"^(?:\.venv/bin/)?fabwatch ([a-z]+)", block, re.MULTILINE))
    assert {"ingest", "risk", "contain"} <= verbs
    for verb in verbs:
        assert _run([verb, "--help"]) == 0, verb
    capsys.readouterr()


def test_the_example_runs(tmp_path):
    plan = Plan(days=4)
    write_exports(simulate(plan), plan, tmp_path / "exports")
    command = [sys.executable, ROOT / "examples" / "worst_tools.py", tmp_path / "exports", tmp_path / "fab"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "0 set aside" in run.stdout
    assert "wafers ran on" in run.stdout


def test_the_docs_are_built_as_html_with_every_page_and_nothing_from_elsewhere(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    named = (ROOT / "zensical.toml").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert f'"{page.name}"' in named
        html = (tmp_path / "site" / page.with_suffix(".html").name).read_text()
        loaded = re.findall(r'(?:src|<link[^>]*href)="?(https?://[^" >]+)', html)
        assert loaded == [], page.name
