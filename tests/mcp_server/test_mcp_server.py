"""An assistant asks by the protocol's own client: the figures of the API, in the limits of its key, and nothing else."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from fabwatch.fab.questions import QUESTIONS
from fabwatch.mcp_server.server import of_address, server_of
from fabwatch.mcp_server.tools import ROWS, tools
from tests.commands import command
from tests.served import AS_OF, Server

Asking = Callable[[Client], Awaitable[Any]]


def awaited(run: Callable[[], Any]) -> Any:
    """What a coroutine gives, in a thread of its own: the driver of browsers may have a loop in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(run())).result(120)


def asked(server: Server, ask: Asking, scope: str = "read", **more: Any) -> Any:
    """What a client of the protocol gets that asks a service with a key."""

    async def run() -> Any:
        async with of_address(server.address) as api:
            key = f"Bearer {server.key(scope, **more)}"
            async with Client(server_of(api, lambda request: key)) as client:
                return await ask(client)

    return awaited(run)


def call(name: str, **arguments: Any) -> Asking:
    return lambda client: client.call_tool(name, arguments)


def test_every_question_that_may_be_read_is_a_tool_which_says_what_it_answers(server: Server) -> None:
    listed = asked(server, lambda client: client.list_tools()).tools
    readable = [kind for kind in QUESTIONS if kind.spec.path and kind.spec.scope == "read" and kind.spec.binary is None]
    assert len(listed) == len(readable) == len(tools()) > 40
    by_name = {tool.name: tool for tool in listed}
    assert {"risk", "contain", "forecast", "commonality", "trace_runs", "model_list"} <= by_name.keys()
    for tool in listed:
        assert re.fullmatch(r"[a-z0-9_]{1,64}", tool.name)
        assert tool.description
        assert tool.annotations.read_only_hint
    assert by_name["contain"].input_schema["required"] == ["tool"]
    assert by_name["risk"].input_schema["properties"]["area"]["description"] == "Only this area."


def test_an_answer_is_that_of_the_api_with_its_sentence_evidence_and_link(server: Server) -> None:
    said = asked(server, call("risk", area="Etch"))
    own = server.get("/api/v1/risk", area="Etch", limit=ROWS).json()
    assert not said.is_error
    assert said.structured_content == own
    first, link, body = said.content[0].text.split("\n", 2)
    assert first == own["sentence"]
    assert link == f"{server.address}/api/v1/risk?area=Etch&limit={ROWS}"
    assert json.loads(body)["how"]["method"]


def test_a_name_in_the_path_is_taken_as_it_is(server: Server) -> None:
    said = asked(server, call("contain", tool="ETCH-1"))
    assert said.structured_content["tool"] == "ETCH-1"
    odd = asked(server, call("contain", tool="../../keys"))
    assert odd.is_error
    assert "../../keys" in odd.content[0].text


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("contain", {"tool": "ETCH-9"}, "Did you mean"),
        ("risk", {"area": "Etch", "colour": "red"}, "colour"),
        ("forecast", {"coverage": 3}, "less than"),
        ("nothing", {}, "no tool nothing"),
    ],
)
def test_what_cannot_be_answered_comes_back_with_a_way_out(server: Server, name: str, arguments: Any, why: str) -> None:
    said = asked(server, call(name, **arguments))
    assert said.is_error
    assert why in said.content[0].text


def test_a_key_of_one_area_sees_no_other(server: Server) -> None:
    own = asked(server, call("risk"), area="CMP").structured_content
    assert {row["area"] for row in own["tools"]} == {"CMP"}
    assert asked(server, call("contain", tool="ETCH-1"), area="CMP").is_error
    assert asked(server, call("model_list"), area="CMP").is_error


def test_a_service_that_is_not_there_is_an_answer_too() -> None:
    async def run() -> Any:
        async with of_address("http://127.0.0.1:9") as api, Client(server_of(api, lambda request: None)) as client:
            return await client.call_tool("risk", {})

    said = awaited(run)
    assert said.is_error
    assert "is it running" in said.content[0].text


def test_a_folder_is_asked_over_the_standard_streams_with_a_key_that_is_gone_afterwards(own_folder: Path) -> None:
    how = StdioServerParameters(
        command=sys.executable, args=["-m", "fabwatch", "mcp", "--fab", str(own_folder), "--as-of", AS_OF, "--area", "Etch"]
    )

    async def run() -> Any:
        async with Client(how) as client:
            return await client.call_tool("risk", {})

    said = awaited(run)
    assert {row["area"] for row in said.structured_content["tools"]} == {"Etch"}
    listed = command("key", "list", "--fab", own_folder).out
    assert "mcp" not in listed or "revoked" in listed


def test_assistants_ask_over_http_each_with_its_own_key(server: Server) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "fabwatch", "mcp", "--url", server.address, "--http", "0"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        found = re.search(r"http://\S+/mcp", process.stderr.readline())
        assert found

        async def run() -> Any:
            async with Client(found.group()) as client:
                return await client.call_tool("risk", {})

        nobody = awaited(run)
        assert nobody.is_error
        assert "needs a key" in nobody.content[0].text
    finally:
        process.terminate()
        process.wait(20)
        if process.stderr is not None:
            process.stderr.close()


def test_what_does_not_go_together_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FABWATCH_KEY", raising=False)
    assert "FABWATCH_KEY" in command("mcp", "--url", server.address).err
    assert "belong to a folder" in command("mcp", "--url", server.address, "--area", "Etch").err
