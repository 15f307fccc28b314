"""What is deployed is well-formed and agrees with the product: port, health, names, user, versions."""

import configparser
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import kubernetes_validate
import pygohcl
import pytest
import yaml
from compose_spec import PyCompose

from fabwatch.terms.settings import read_settings
from fabwatch.terms.settings.place import FabSettings
from fabwatch.terms.version import VERSION

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
CONTAINERFILE = (DEPLOY / "container" / "Containerfile").read_text()
USER = "10001"
TERRAFORM = sorted((DEPLOY / "terraform").rglob("*.tf"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def ran(*command, **more):
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=60, **more)
    return run.returncode, run.stdout + run.stderr


def compose():
    """The services, with the variables that may stand in .env at their defaults."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (DEPLOY / "container" / "compose.yaml").read_text())
    plain = yaml.safe_load(text)
    PyCompose.from_json(json.dumps(plain)).to_spec()
    return plain


def manifests():
    return {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes" / "fabwatch.yaml").read_text())}


def pod():
    return manifests()["StatefulSet"]["spec"]["template"]["spec"]


def tomls():
    return [(DEPLOY / "container" / "fab.toml").read_text(), manifests()["ConfigMap"]["data"]["fab.toml"]]


def test_the_containerfile_and_every_shell_script_pass_their_linters():
    assert ran(BIN / "hadolint", DEPLOY / "container" / "Containerfile") == (0, "")
    scripts = [path for path in DEPLOY.rglob("*.sh") if path.name != "first-boot.sh"]
    assert len(scripts) >= 4
    assert ran(BIN / "shellcheck", *scripts) == (0, "")
    # Terraform fills in two names.
    assert ran(BIN / "shellcheck", "--exclude", "SC2154", DEPLOY / "terraform" / "aws-vm" / "first-boot.sh") == (0, "")


def test_the_image_has_one_user_that_is_not_root_and_asks_the_product_for_its_health(server):
    assert re.findall(r"^USER (.+)$", CONTAINERFILE, re.MULTILINE) == [f"{USER}:{USER}"]
    assert "EXPOSE 8000" in CONTAINERFILE
    check = re.search(r"CMD (\[.*urlopen.*\])", CONTAINERFILE)
    code = json.loads(check[1])[2]
    healthy = code.replace("http://127.0.0.1:8000", server.address.rstrip("/"))
    assert ran(sys.executable, "-c", healthy) == (0, "")
    assert ran(sys.executable, "-c", healthy.replace("/health", "/nowhere"))[0] == 1


def test_compose_is_by_the_specification_and_publishes_the_proxy_alone():
    services = compose()["services"]
    assert [name for name, one in services.items() if "ports" in one] == ["proxy"]
    assert compose()["networks"]["inside"] == {"internal": True}
    for name in ("fabwatch", "loader", "prepared"):
        one = services[name]
        assert one["read_only"], name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name


def test_every_secret_of_compose_is_made_once_by_its_script_and_no_password_is_in_a_file_of_ours(tmp_path):
    shutil.copytree(DEPLOY / "container", tmp_path / "container")
    script = tmp_path / "container" / "passwords.sh"
    code, text = ran("sh", script)
    assert code == 0, text
    made = {path: path.read_text() for path in (tmp_path / "container" / "secrets").iterdir()}
    for secret in compose()["secrets"].values():
        assert tmp_path / "container" / secret["file"] in made
    assert not [value for value in made.values() if value in text]
    assert (tmp_path / "container" / "secrets").stat().st_mode & 0o077 == 0
    identities = json.loads(made[tmp_path / "container" / "secrets" / "objects_identities.json"])
    keys = identities["identities"][0]["credentials"][0]
    assert keys["secretKey"] == made[tmp_path / "container" / "secrets" / "objects_secret"]
    assert len(keys["secretKey"]) == 64
    ran("sh", script)
    assert {path: path.read_text() for path in made} == made


def test_the_settings_of_a_team_and_of_a_plant_name_a_server_and_a_bucket():
    for text in tomls():
        fab = tomllib.loads(text)["fab"]
        assert fab["catalog"].startswith("postgres:host=")
        assert "password" not in fab["catalog"]
        assert fab["data"].startswith("s3://")


@pytest.mark.skipif("s3" not in FabSettings.model_fields, reason="the settings do not know [fab.s3] yet")
def test_the_product_takes_the_settings_of_a_team_and_of_a_plant(tmp_path):
    for text in tomls():
        (tmp_path / "fab.toml").write_text(text)
        assert read_settings(tmp_path).fab.model_dump()["data"] == "s3://fabwatch/data"


def test_the_proxy_of_compose_is_believed_and_nobody_else():
    (subnet,) = compose()["networks"]["front"]["ipam"]["config"]
    assert tomllib.loads(tomls()[0])["server"]["proxies"] == [subnet["subnet"]]
    assert set(compose()["services"]["fabwatch"]["networks"]) == {"inside", "front"}
    assert compose()["services"]["proxy"]["networks"] == ["front"]
    assert "X-Forwarded-For $remote_addr" in (DEPLOY / "proxy" / "nginx.conf").read_text()


@pytest.mark.parametrize("release", ["1.30", "1.37"])
def test_every_manifest_is_by_the_schema_of_kubernetes(release):
    every = manifests()
    assert set(every) == {
        *("Namespace", "ConfigMap", "ServiceAccount", "Service", "StatefulSet", "NetworkPolicy", "Ingress"),
    }
    for each in every.values():
        kubernetes_validate.validate(each, release, strict=True)


def test_a_pod_is_what_the_restricted_standard_asks_for_and_runs_this_version():
    assert pod()["securityContext"]["runAsUser"] == int(USER)
    assert pod()["securityContext"]["runAsNonRoot"] is True
    for one in (*pod()["initContainers"], *pod()["containers"]):
        assert one["securityContext"]["readOnlyRootFilesystem"] is True
        assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert one["image"].endswith(f"fabwatch:{VERSION}")
        assert set(one["resources"]) == {"requests", "limits"}
    (served,) = pod()["containers"]
    assert {served[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")} == {"/health"}


def test_passwords_have_the_same_names_in_compose_and_in_kubernetes():
    named = {each["name"]: Path(each["value"]).name for each in pod()["containers"][0]["env"]}
    assert named == {name: Path(value).name for name, value in compose()["services"]["fabwatch"]["environment"].items()}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists_as_a_user_without_rights(path):
    unit = configparser.RawConfigParser(strict=False)
    unit.read_string(path.read_text())
    service = unit["Service"]
    program, verb, *_ = service["ExecStart"].split()
    assert program == "/opt/fabwatch/bin/fabwatch"
    assert ran(sys.executable, "-m", "fabwatch", verb, "--help")[0] == 0
    assert (service["User"], service["CapabilityBoundingSet"], service["ProtectSystem"]) == ("fabwatch", "", "strict")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_knows_every_line_of_a_unit(path, tmp_path):
    unit = tmp_path / path.name
    unit.write_text(path.read_text().replace("/opt/fabwatch/bin/fabwatch", "/bin/true"))
    _, text = ran("systemd-analyze", "verify", "--man=no", unit)
    assert not [
        line for line in text.splitlines() if path.name in line and "fabwatch.service" not in line.replace(path.name, "")
    ]


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not on this machine")
@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not on this machine")
def test_nginx_takes_the_example(tmp_path):
    key, crt = tmp_path / "fabwatch.key", tmp_path / "fabwatch.crt"
    code, text = ran(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt, "-subj", "/CN=x"
    )
    assert code == 0, text
    example = (DEPLOY / "proxy" / "nginx.conf").read_text().replace("/etc/fabwatch/tls", str(tmp_path))
    (tmp_path / "whole").write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{ {example} }}\n")
    code, text = ran("nginx", "-t", "-c", tmp_path / "whole", "-e", tmp_path / "log")
    assert code == 0, text


@pytest.mark.parametrize("path", TERRAFORM, ids=lambda path: path.parent.name)
def test_terraform_is_strictly_hcl_and_every_variable_is_typed_described_and_used(path):
    stated = pygohcl.loads(path.read_text())
    text = path.read_text()
    for name, about in stated["variable"].items():
        assert {"type", "description"} <= set(about), name
        assert f"var.{name}" in text, name
    assert set(re.findall(r"\bvar\.(\w+)", text)) == set(stated["variable"])
    with pytest.raises(pygohcl.HCLParseError):
        pygohcl.loads(text + "\nresource {")


def exported(server, folder):
    run = [sys.executable, "-m", "fabwatch", "model", "export", "etch", "--as", "lambda", "-o", folder, "--fab", server]
    code, text = ran(*run)
    assert code == 0, text
    return json.loads((folder / "example.json").read_text())


def test_the_exported_function_answers_an_event_of_the_gateway_of_aws_and_a_request_of_gcp(folder, tmp_path):
    body = exported(folder, tmp_path / "function")
    shutil.copy(DEPLOY / "terraform" / "gcp-function" / "main.py", tmp_path / "function")
    event = {
        "version": "2.0",
        "routeKey": "POST /predict",
        "rawPath": "/predict",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/predict"}, "stage": "$default"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    code = (
        "import io, json, sys, handler, main\nfrom werkzeug.wrappers import Request\nevent = json.load(sys.stdin)\n"
        "data = event['body'].encode()\n"
        "wsgi = {'REQUEST_METHOD': 'POST', 'wsgi.input': io.BytesIO(data), 'CONTENT_LENGTH': str(len(data))}\n"
        "aws, gcp = handler.handler(event), main.predict(Request(wsgi))\n"
        "bad = main.predict(Request(wsgi | {'wsgi.input': io.BytesIO(b'{'), 'CONTENT_LENGTH': '1'}))\n"
        "json.dump([aws, gcp, bad[1]], sys.stdout)"
    )
    run = ran(sys.executable, "-c", code, cwd=tmp_path / "function", input=json.dumps(event))
    assert run[0] == 0, run[1]
    aws, gcp, bad = json.loads(run[1])
    assert aws["statusCode"] == gcp[1] == 200
    assert json.loads(aws["body"]) == json.loads(gcp[0])
    assert len(json.loads(aws["body"])["predictions"]) == 1
    assert bad == 400
    assert importlib.util.find_spec("handler") is None
