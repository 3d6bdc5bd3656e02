"""docker-compose.yml says the same as the table of processes, keeps every container in its place, and tells each only what is its own."""

import json
import re
import shlex
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg2
import pytest
import yaml

from contracts import COUNTY
from contracts.county.model import County
from deploy import roles
from deploy.compose import setup
from deploy.compose.keys import chosen
from deploy.county import applied
from deploy.files import ROOT, write_private
from deploy.processes import KINDS
from local import postgresql, supervisor
from plumbing.hosts import KnownHosts
from plumbing.settings import Settings, load_http

FILE = ROOT / "docker-compose.yml"
DOCUMENT = yaml.safe_load(FILE.read_text())
CONTAINERS = DOCUMENT["services"]
PROCESSES = list(KINDS)
SERVERS = ["postgres", "rabbitmq"]
ONCE = ["keys", "tables"]
WATCHING = ["prometheus"]


def environment(file) -> dict[str, str]:
    return dict(line.split("=", 1) for line in shlex.split(file.read_text()))


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_a_compose_file():
    words = ["--builtin-schema", "vendor.compose-spec", str(FILE)]  # the specification comes with the package, no network is needed
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", *words], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_it_has_neither_a_name_nor_a_version():
    assert not {"name", "version"} & set(DOCUMENT)


def test_it_runs_what_one_machine_runs():
    assert set(CONTAINERS) == {*PROCESSES, *SERVERS, *ONCE, *WATCHING}
    assert [name for name, container in CONTAINERS.items() if "profiles" in container] == WATCHING


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_process_is_started_as_on_one_machine(kind):
    assert CONTAINERS[kind.name]["command"] == ["python", *kind.command]


def test_the_database_is_set_as_on_one_machine():
    settings = dict(word.removeprefix("-c").split("=") for word in CONTAINERS["postgres"]["command"][1:])

    assert settings == postgresql.SETTINGS | {"listen_addresses": "*"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_can_do_no_more_than_it_must(name):
    container = CONTAINERS[name]

    assert container["read_only"] and container["cap_drop"] == ["ALL"] and container["security_opt"] == ["no-new-privileges:true"]
    assert container["mem_limit"] and container["logging"]["options"]["max-size"]
    assert "privileged" not in container and container.get("user") != "root"


@pytest.mark.parametrize("image", ["app", *SERVERS, *WATCHING])
def test_no_image_runs_as_root(image):
    users = [line.split()[1] for line in (ROOT / f"deploy/images/{image}/Dockerfile").read_text().splitlines() if line.startswith("USER ")]

    assert users and users[-1] not in ("root", "0")


def test_only_what_answers_http_is_published_and_only_to_this_host():
    published = {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container}

    assert set(published) == {"door", "dashboard", "prometheus"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_what_is_published_has_a_network_that_reaches_out_and_the_servers_have_none():
    assert DOCUMENT["networks"]["inside"]["internal"]
    assert all("outside" in CONTAINERS[name]["networks"] for name in ("door", "dashboard", "notify"))
    assert all(CONTAINERS[name]["networks"] == ["inside"] for name in SERVERS)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_starts_after_what_it_needs_and_again_when_it_dies(name):
    container = CONTAINERS[name]

    assert container["depends_on"] == {"tables": {"condition": "service_completed_successfully"}, "rabbitmq": {"condition": "service_healthy"}}
    assert container["restart"] == "unless-stopped"
    assert container["healthcheck"]["test"] == ["CMD", "ready"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_given_longer_to_stop_than_it_gives_itself(name):
    grace = int(CONTAINERS[name]["stop_grace_period"].removesuffix("s"))

    assert grace > Settings.__dataclass_fields__["stop_seconds"].default + 5
    assert grace == supervisor.STOP_SECONDS


@pytest.mark.parametrize("name", [*SERVERS, *PROCESSES, *WATCHING])
def test_a_container_mounts_its_own_share_and_cannot_write_it(name):
    mounted = [volume for volume in CONTAINERS[name]["volumes"] if volume.startswith(("for-", "secrets"))]

    assert mounted == [f"for-{name}:{setup.SHARE}:ro"]
    assert f"for-{name}:{setup.SHARES}/{name}" in CONTAINERS["keys"]["volumes"]


def test_the_image_has_a_folder_for_every_share():
    assert f"for name in {' '.join([*SERVERS, *PROCESSES, *WATCHING])};" in (ROOT / "deploy/images/app/Dockerfile").read_text()


def test_no_secret_is_written_into_the_file():
    told = {name for container in CONTAINERS.values() for name in container.get("environment", {})}

    assert not told & {"DATABASE_URL", "AMQP_URI", "POSTGRES_PASSWORD", "FENGQIAO_AT_REST_KEY", "FENGQIAO_SEAL_PRIVATE_KEY", "RABBITMQ_DEFAULT_PASS"}
    assert CONTAINERS["keys"]["environment"]["FENGQIAO_SECRETS"] == "${FENGQIAO_SECRETS:-}"


# ── the shares ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shares(tmp_path):
    """What `keys` finds when it starts for the first time: empty volumes."""
    for name in [*SERVERS, *PROCESSES, *WATCHING]:
        (tmp_path / "shares" / name).mkdir(parents=True)
    return tmp_path / "shares"


def test_every_process_is_told_what_it_is_told_on_one_machine(shares, tmp_path):
    setup.make_keys(tmp_path, shares)
    intake, door, relay = (environment(shares / name / "environment") for name in ("intake", "door", "relay"))

    assert intake["DATABASE_URL"].endswith("@postgres:5432/fengqiao") and intake["AMQP_URI"].endswith("@rabbitmq:5672/fengqiao")
    assert intake["FENGQIAO_TELEMETRY_PORT"] == door["FENGQIAO_HTTP_PORT"] == str(setup.PORT)
    assert door["FENGQIAO_AGENCY_TOKENS"] == "/run/fengqiao/agency-tokens.json" and (shares / "door/agency-tokens.json").exists()
    assert relay["FENGQIAO_RELAY"] == "/run/fengqiao/relay.json" and (shares / "relay/relay.json").exists()


def test_prometheus_asks_every_process_and_the_broker(shares, tmp_path):
    setup.make_keys(tmp_path, shares)
    settings = yaml.safe_load((shares / "prometheus/prometheus.yml").read_text())
    asked = {target for job in settings["scrape_configs"] for group in job["static_configs"] for target in group["targets"]}

    assert asked == {*(f"{name}:{setup.PORT}" for name in PROCESSES), "rabbitmq:15692", "127.0.0.1:9090"}
    assert all((shares / "prometheus" / rules.removeprefix(f"{setup.SHARE}/")).exists() for rules in settings["rule_files"])


@pytest.mark.parametrize("name", ["door", "dashboard"])
def test_a_web_process_answers_under_the_names_by_which_it_is_asked(name, monkeypatch, shares, tmp_path):
    """Prometheus asks by the container's name, the health check and a browser on this host by a loopback name."""
    setting = f"FENGQIAO_{name.upper()}_HOSTS"
    text = CONTAINERS[name]["environment"][setting]
    own, rest = text.removesuffix("}").split(f",${{{setting}:-")
    monkeypatch.setenv(setting, f"{own},{rest}")
    hosts = KnownHosts(None, getattr(load_http(), f"{name}_hosts"), None)

    setup.make_keys(tmp_path, shares)
    settings = yaml.safe_load((shares / "prometheus/prometheus.yml").read_text())
    (asked,) = [t for job in settings["scrape_configs"] for group in job["static_configs"] for t in group["targets"] if t.startswith(f"{name}:")]
    (probed,) = re.findall(r"Host: (\S+?)\\r", (ROOT / "deploy/images/app/ready").read_text())
    assert all(hosts.knows([(b"host", host.encode())]) for host in (asked, probed, "127.0.0.1:8001", "localhost:8001"))
    assert not hosts.knows([(b"host", b"evil.example")])


def test_a_service_is_told_no_secret_of_another(shares, tmp_path):
    setup.make_keys(tmp_path, shares)
    made = json.loads((tmp_path / "secrets.json").read_text())

    for name in ("intake", "mediation", "metrics", "notify"):
        told = "".join(file.read_text() for file in (shares / name).iterdir() if file.is_file())
        for part in ("broker", "database", "at_rest"):
            assert {other for other, secret in made[part].items() if secret in told} == {name}


def test_a_second_time_changes_no_secret(shares, tmp_path):
    setup.make_keys(tmp_path, shares)
    before = {file: file.read_text() for file in shares.rglob("*") if file.name in ("environment", "password", "relay.json", "agency-tokens.json")}
    setup.make_keys(tmp_path, shares)

    assert before and {file: file.read_text() for file in before} == before


def test_given_secrets_are_used_and_the_rest_is_made(shares, tmp_path, monkeypatch):
    monkeypatch.setenv("FENGQIAO_SECRETS", json.dumps({"agency_tokens": {"police": "given-to-us"}}))
    setup.make_keys(tmp_path, shares)
    tokens = json.loads((shares / "door/agency-tokens.json").read_text())

    assert tokens["police"] == "given-to-us" and len(tokens["court"]) > 20


def test_a_command_that_names_no_county_keeps_the_one_that_was_applied(tmp_path, monkeypatch):
    mounted, kept = tmp_path / "mounted", tmp_path / "kept"
    for folder in (mounted, kept):
        folder.mkdir()
    monkeypatch.delenv("FENGQIAO_COUNTY", raising=False)
    assert chosen(kept, mounted) == mounted  # the first time

    applied.put(kept, COUNTY.folder)
    assert chosen(kept, mounted) == kept / "county"

    monkeypatch.setenv("FENGQIAO_COUNTY", "./counties/mine")
    assert chosen(kept, mounted) == mounted


def with_police(**changed) -> County:
    return replace(COUNTY, agencies=COUNTY.agencies | {"police": replace(COUNTY.agencies["police"], **changed)})


def test_a_removed_agency_loses_its_password_and_token(shares, tmp_path, monkeypatch):
    setup.make_keys(tmp_path, shares)
    monkeypatch.setattr(setup, "AGENCIES", with_police(status="removed").agencies)
    setup.make_keys(tmp_path, shares)

    users = {user["name"] for user in json.loads((shares / "rabbitmq/definitions.json").read_text())["users"]}
    assert "court" in json.loads((shares / "door/agency-tokens.json").read_text()) and "court" in users
    assert "police" not in json.loads((shares / "door/agency-tokens.json").read_text())
    assert "police" not in json.loads((tmp_path / "secrets.json").read_text())["broker"]


def test_a_change_that_an_installation_cannot_follow_is_refused_and_changes_nothing(shares, tmp_path, monkeypatch):
    setup.make_keys(tmp_path, shares)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    monkeypatch.setattr(setup, "COUNTY", with_police(role="C"))

    with pytest.raises(SystemExit, match="role of agency police may not change"):
        setup.make_keys(tmp_path, shares)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_tables_are_made_and_rosters_loaded_where_no_process_has_its_share(servers, tmp_path, monkeypatch):
    if servers.database is None:
        pytest.skip("DATABASE_URL names a server that is not ours to make databases on")
    admin = urlsplit(servers.database_admin)
    monkeypatch.setattr(setup, "DATABASE_AT", f"{admin.hostname}:{admin.port}")
    monkeypatch.setattr(roles, "DATABASE", "fengqiao_containers")
    write_private(tmp_path / "superuser-password", admin.password)
    write_private(tmp_path / "secrets.json", json.dumps(servers.keys))

    setup.make_tables(tmp_path)

    with closing(psycopg2.connect(roles.with_path(servers.database_admin, roles.DATABASE))) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from mediation.organisations")
        assert cursor.fetchone()[0] > 0
