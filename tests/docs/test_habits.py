"""What a project shows to people who come to it holds together: one version, a changelog in order, hooks that run here."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

import fabwatch

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def test_the_version_stands_in_one_place():
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    place = PROJECT["tool"]["hatch"]["version"]
    stated = re.search(place["pattern"], (ROOT / place["path"]).read_text())
    assert stated
    assert stated["version"] == fabwatch.__version__ == importlib.metadata.version("fabwatch")


def test_the_changelog_has_the_version_and_sorts_by_added_changed_and_fixed():
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    versions = [line.split()[1] for line in lines if line.startswith("## ")]
    assert versions[0] == fabwatch.__version__
    for part in "\n".join(lines).split("\n## ")[1:]:
        kinds = re.findall(r"^### (.*)$", part, re.MULTILINE)
        assert kinds == [kind for kind in ("Added", "Changed", "Fixed", "Removed") if kind in kinds]
        assert kinds


def test_hooks_download_nothing_and_run_what_make_lint_runs():
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (\S+)", text) == ["local"]
    assert "additional_dependencies" not in text
    tools = re.findall(r"entry: \.venv/bin/([\w-]+)", text)
    assert tools == ["ruff", "ruff", "mypy", "mypy", "lint-imports"]
    lint = (ROOT / "Makefile").read_text().partition("lint:")[2].partition("\n\n")[0]
    assert all(f"/{tool}" in lint for tool in tools)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_of_an_issue_is_a_form_with_a_name_and_what_it_asks_for(path):
    text = path.read_text()
    assert "\t" not in text
    if path.stem == "config":
        return
    assert re.search(r"^name: \S", text, re.MULTILINE)
    assert re.search(r"^description: \S", text, re.MULTILINE)
    assert len(re.findall(r"^  - type: (textarea|input|markdown)$", text, re.MULTILINE)) >= 3


def test_there_is_a_template_for_a_log_a_number_and_an_idea():
    assert [path.stem for path in TEMPLATES] == ["config", "idea", "log-not-read", "wrong-number"]
    assert (ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md").exists()


def test_the_pythons_that_are_named_are_those_that_are_allowed():
    named = [tuple(map(int, c.split()[-1].split("."))) for c in PROJECT["project"]["classifiers"] if ":: 3." in c]
    assert named == [(3, minor) for minor in range(11, 15)]
    assert PROJECT["project"]["requires-python"] == ">=3.11"


def test_nobody_and_no_host_is_made_up():
    assert PROJECT["project"]["authors"] == [{"name": "fabwatch contributors"}]
    assert 'name: "fabwatch contributors"' in (ROOT / "CITATION.cff").read_text()
    for name in ("SECURITY.md", "CODE_OF_CONDUCT.md", "CITATION.cff", "pyproject.toml"):
        assert "://" not in (ROOT / name).read_text(), name
