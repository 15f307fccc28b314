"""People sign in with an account of the fab's provider: who they are, what they may, and who is not let in."""

import asyncio
import json
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fabwatch.api.oidc import provider as room
from fabwatch.api.oidc.begun import Begun
from fabwatch.api.oidc.provider import Provider as Client
from fabwatch.api.oidc.provider import ProviderFails
from fabwatch.terms.errors import BadSettings
from fabwatch.terms.settings import settings_of
from fabwatch.terms.settings.service import OidcSettings
from tests.api.provider import CLIENT, SECRET, Provider
from tests.certificates import certificate
from tests.commands import command
from tests.fabs import made_once
from tests.served import AS_OF, Server, made

STATED = '[server.oidc]\nissuer = "{issuer}"\nclient_id = "{client}"\n{more}\n'
ROLES = '[server.oidc.roles]\nlead = "admin"\netch = {scope = "decide", area = "Etch"}\nnight = "read"\n'


def stated(folder, issuer, more=""):
    """The provider, stated in the fab.toml of a folder."""
    with (folder / "fab.toml").open("a") as toml:
        toml.write(STATED.format(issuer=issuer, client=CLIENT, more=more) + ROLES)


@pytest.fixture(scope="module")
def provider():
    made = Provider()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(scope="module")
def server(own_folder, provider):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FABWATCH_OIDC_SECRET", SECRET)
        stated(own_folder, provider.address)
        made = Server(own_folder, "--as-of", AS_OF)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def honest(provider):
    provider.honest()


@pytest.fixture
def web():
    """A browser, as far as a sign-in needs one."""
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    with httpx.Client(follow_redirects=True, headers=headers, timeout=30) as client:
        yield client


def sign_in(server, web, then="/plan"):
    """All that happens when somebody follows the link to the provider."""
    return web.get(f"{server.address}/signin/oidc", params={"next": then})


def connection(server):
    """How the page of connections has the provider."""
    rows = server.get("/api/v1/connections", "admin").json()["connections"]
    return next(row for row in rows if row["what"] == "sign-in")


def test_a_person_comes_in_with_an_account_and_sees_the_page_that_was_asked_for(server, provider, web):
    asked = web.get(f"{server.address}/plan")
    assert asked.url.path == "/signin"
    assert 'href="/signin/oidc?next=%2Fplan"' in asked.text
    assert sign_in(server, web).url.path == "/plan"
    (sent,) = provider.asked
    assert sent["code_challenge_method"] == "S256"
    assert len(sent["code_challenge"]) == 43
    assert len(sent["state"]) == len(sent["nonce"]) == 43
    assert "openid" in sent["scope"].split()
    assert sent["redirect_uri"] == f"{server.address}/signin/oidc/back"
    assert connection(server)["state"] == "ok"


def test_what_a_person_decides_stands_under_that_name(server, provider, web):
    provider.person["preferred_username"] = "ana <b>"
    sign_in(server, web)
    decided = {"tool": "ETCH-1", "reason": "particles"}
    held = web.post(f"{server.address}/api/v1/holds", json=decided, headers={"accept": "*/*"})
    assert held.is_success, held.text
    assert "ana -b- (" in held.text


@pytest.mark.parametrize(
    ("groups", "scope", "area"),
    [
        (["night"], "read", None),
        (["night", "etch"], "decide", "Etch"),
        (["etch", "lead", "x"], "admin", None),
        ("lead", "admin", None),
    ],
)
def test_a_person_may_what_the_first_group_of_fab_toml_may(server, provider, web, groups, scope, area):
    provider.person |= {"sub": f"of {groups}", "preferred_username": "bea", "groups": groups}
    sign_in(server, web)
    shown = web.get(f"{server.address}/").text
    assert f'title="bea: {scope}"' in shown
    areas = {row["area"] for row in web.get(f"{server.address}/api/v1/risk", headers={"accept": "*/*"}).json()["tools"]}
    assert areas == ({area} if area else {"Etch", "CMP"})


def test_the_area_of_a_person_is_that_of_the_latest_sign_in(server, provider, web):
    sign_in(server, web)
    provider.person["groups"] = ["night"]
    with httpx.Client(follow_redirects=True, headers=web.headers, timeout=30) as elsewhere:
        sign_in(server, elsewhere)
    assert 'title="ana: read"' in web.get(f"{server.address}/").text


@pytest.mark.parametrize("groups", [["guests"], [], None, {"lead": 1}, "night etch"])
def test_whoever_is_in_no_group_of_fab_toml_is_not_let_in(server, provider, web, groups):
    provider.person["groups"] = groups if groups != {"lead": 1} else [{"lead": 1}]
    shown = sign_in(server, web)
    assert shown.status_code == 403
    assert "Your account is in no group that may see this fab." in shown.text
    assert web.get(f"{server.address}/plan").url.path == "/signin"


LIES = {
    "for another service": lambda provider: provider.lie.update(aud="someone-else"),
    "for several, and not made for this one": lambda provider: provider.lie.update(aud=["other", "more"]),
    "of another provider": lambda provider: provider.lie.update(iss="https://evil.example"),
    "for another sign-in": lambda provider: provider.lie.update(nonce="another"),
    "for no sign-in": lambda provider: setattr(provider, "without", ("nonce",)),
    "that has ended": lambda provider: provider.lie.update(exp=1_000_000_000),
    "that never ends": lambda provider: setattr(provider, "without", ("exp",)),
    "of nobody": lambda provider: setattr(provider, "without", ("sub",)),
    "that nobody signed": lambda provider: setattr(provider, "made_by", provider.unsigned),
    "signed with what all know": lambda provider: setattr(provider, "made_by", provider.signed_with_what_all_know),
    "signed by another": lambda provider: setattr(provider, "made_by", provider.signed_by_another),
    "signed with a key that it does not know": lambda provider: provider.another_key(publish=False),
    "that is no token": lambda provider: setattr(provider, "made_by", lambda claims: "none"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_lets_nobody_in_that_is(server, provider, web, lie):
    LIES[lie](provider)
    shown = sign_in(server, web)
    assert shown.status_code == 502, shown.text
    assert "does not answer as it should" in shown.text
    assert "fabwatch" not in web.cookies
    assert connection(server)["state"] == "failing"


def test_a_provider_may_change_its_key(server, provider, web):
    sign_in(server, web)
    for kid in ("second", "first"):
        provider.another_key(kid)
        assert sign_in(server, web, "/alerts").url.path == "/alerts"


def test_the_groups_may_be_told_where_the_person_is_asked_for(server, provider, web):
    del provider.person["groups"]
    provider.userinfo = {"groups": ["night"]}
    assert sign_in(server, web).url.path == "/plan"
    provider.userinfo = {"groups": ["lead"], "sub": "another"}
    assert sign_in(server, web).status_code == 502


def test_an_answer_is_taken_once_and_by_the_browser_that_asked(server, provider, web):
    web.follow_redirects = False
    at_the_provider = web.get(f"{server.address}/signin/oidc").headers["location"]
    answer = httpx.get(at_the_provider).headers["location"]
    with httpx.Client(headers=web.headers, timeout=30) as another:
        assert another.get(answer).status_code == 400
    changed = answer.replace("state=", "state=x")
    assert web.get(changed).status_code == 400
    assert web.get(answer).status_code == 303
    assert web.get(answer).status_code == 400


def test_what_the_provider_refuses_is_said_without_its_markup(server, provider, web):
    provider.error = "access_denied <b>"
    shown = sign_in(server, web)
    assert shown.status_code == 403
    assert "The provider did not let you in." in shown.text
    assert "access_denied &lt;b&gt;" in shown.text
    # Reading it in another language asks nothing of the provider again.
    assert 'href="/signin?next=%2Fplan&amp;lang=es"' in shown.text


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_the_way_back_leads_to_no_other_site(server, web, place):
    shown = sign_in(server, web, place)
    assert str(shown.url) == f"{server.address}/"


def test_who_is_revoked_is_out_at_once_and_in_again_when_allowed(server, provider, web):
    provider.person |= {"sub": "cy", "preferred_username": "cy"}
    sign_in(server, web)
    command("key", "revoke", "cy", "--fab", server.fab)
    assert web.get(f"{server.address}/plan").url.path == "/signin"
    refused = sign_in(server, web)
    assert refused.status_code == 403
    assert "Your account may not sign in here any more." in refused.text
    command("key", "allow", "cy", "--fab", server.fab)
    assert sign_in(server, web).url.path == "/plan"
    assert "No account cy was revoked" in command("key", "allow", "cy", "--fab", server.fab).err


def test_who_signs_out_is_led_to_where_the_account_is_signed_out(server, provider, web):
    sign_in(server, web)
    out = web.post(f"{server.address}/signout")
    assert "sign out there too" in out.text
    assert web.get(f"{server.address}/plan").url.path == "/signin"
    ended = web.get(f"{server.address}/signin/oidc/end")
    assert str(ended.url).startswith(f"{provider.address}/logout")
    asked = parse_qs(urlsplit(str(ended.url)).query)
    assert asked == {"client_id": [CLIENT], "post_logout_redirect_uri": [f"{server.address}/signin"]}


def test_the_list_of_keys_says_which_account_of_which_provider_a_person_has(server, own_folder, provider, web):
    sign_in(server, web)
    accounts = {
        row["account"]
        for row in json.loads(command("key", "list", "--json", "--fab", own_folder).out)["keys"]
        if row["account"]
    }
    assert f"{provider.address} 4711" in accounts


def test_with_a_certificate_that_has_ended_nobody_comes_in_by_account_but_with_a_key(tmp_path, web, monkeypatch):
    folder = shutil.copytree(made_once("served", made) / "fab", tmp_path / "fab")
    public, private = certificate(tmp_path, days=-1)
    provider = Provider((public, private))
    stated(folder, provider.address, f'ca = "{public.as_posix()}"')
    monkeypatch.setenv("FABWATCH_OIDC_SECRET", SECRET)
    server = Server(folder, "--as-of", AS_OF)
    try:
        assert sign_in(server, web).status_code == 502
        found = connection(server)
        assert found["state"] == "failing"
        assert "certificate" in found["error"]
        entered = web.post(f"{server.address}/signin", data={"key": server.key(), "next": "/plan"})
        assert entered.url.path == "/plan"
        provider.shutdown()
        provider.server_close()
        assert sign_in(server, web).status_code == 502
        assert connection(server)["failures"] == 2
    finally:
        server.stop()
        provider.server_close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('issuer = "http://login.fab.example"\n', "begins with https://"),
        ('issuer = "https://login.fab.example"\nscopes = "email"\n', "'openid' has to be among them"),
        ('issuer = "https://login.fab.example"\nclient = "x"\n', "near it: client_id"),
        ('issuer = "https://login.fab.example"\n[server.oidc.roles]\nlead = "boss"\n', "read"),
        ('issuer = "https://login.fab.example"\n[server.oidc.roles]\n', "at least one group"),
    ],
)
def test_what_fab_toml_states_wrongly_of_the_provider_is_named(tmp_path, text, said):
    with pytest.raises(BadSettings, match=said):
        settings_of(f'[server.oidc]\nclient_id = "x"\n{text}', tmp_path / "fab.toml")


def test_a_provider_that_hangs_holds_up_a_few_sign_ins_and_nothing_else():
    async def tried(known, number):
        try:
            await known.begin(Begun.now(f"/{number}"), "http://127.0.0.1/back")
        except ProviderFails as fault:
            return str(fault)
        return "begun"

    async def all_at_once(address):
        roles = {"night": {"scope": "read"}}
        known = Client(OidcSettings(issuer=address, client_id=CLIENT, secret_env="", roles=roles))
        first = await asyncio.gather(*(tried(known, number) for number in range(12)))
        return first, await tried(known, 12)

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.MonkeyPatch.context() as patch,
        ThreadPoolExecutor(1) as beside,
    ):
        patch.setattr(room, "TIMEOUT_S", 0.5)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        first, later = beside.submit(lambda: asyncio.run(all_at_once(address))).result(60)
    assert sum("wait for its answer already" in said for said in first) == 12 - room.MOST_AT_ONCE
    assert "ReadTimeout" in later
