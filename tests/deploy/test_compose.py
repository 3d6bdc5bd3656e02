"""Tests of docker-compose.yml and its shares: the same processes as on one machine, confined containers, and for each container only its own secrets."""

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
from deploy.compose.keys import choose_county
from deploy.county import applied_copy
from deploy.files import ROOT, write_private
from deploy.processes import PROCESSES
from local import postgresql, supervisor
from plumbing.hosts import AllowedHosts
from plumbing.settings import Settings, load_web_settings

FILE = ROOT / "docker-compose.yml"
DOCUMENT = yaml.safe_load(FILE.read_text())
CONTAINERS = DOCUMENT["services"]
PROCESS_NAMES = list(PROCESSES)
SERVERS = ["postgres", "rabbitmq"]
ONE_SHOT = ["keys", "tables"]
OPTIONAL = ["prometheus"]


def read_environment(file) -> dict[str, str]:
    return dict(line.split("=", 1) for line in shlex.split(file.read_text()))


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_file_matches_the_compose_specification():
    words = ["--builtin-schema", "vendor.compose-spec", str(FILE)]  # the specification is part of the package; no network is needed
    completed = subprocess.run([sys.executable, "-m", "check_jsonschema", *words], capture_output=True, text=True, check=False)

    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_file_has_neither_name_nor_version():
    assert not {"name", "version"} & set(DOCUMENT)


def test_containers_are_the_processes_and_servers_of_one_machine():
    assert set(CONTAINERS) == {*PROCESS_NAMES, *SERVERS, *ONE_SHOT, *OPTIONAL}
    assert [name for name, container in CONTAINERS.items() if "profiles" in container] == OPTIONAL


@pytest.mark.parametrize("spec", PROCESSES.values(), ids=lambda spec: spec.name)
def test_process_has_the_command_of_one_machine(spec):
    assert CONTAINERS[spec.name]["command"] == ["python", *spec.command]


def test_database_has_the_settings_of_one_machine():
    settings = dict(command.removeprefix("-c").split("=") for command in CONTAINERS["postgres"]["command"][1:])

    assert settings == postgresql.SETTINGS | {"listen_addresses": "*"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_is_read_only_without_capabilities_and_limited(name):
    container = CONTAINERS[name]

    assert container["read_only"] and container["cap_drop"] == ["ALL"] and container["security_opt"] == ["no-new-privileges:true"]
    assert container["mem_limit"] and container["logging"]["options"]["max-size"]
    assert "privileged" not in container and container.get("user") != "root"


@pytest.mark.parametrize("image", ["app", *SERVERS, *OPTIONAL])
def test_no_image_runs_as_root(image):
    users = [line.split()[1] for line in (ROOT / f"deploy/images/{image}/Dockerfile").read_text().splitlines() if line.startswith("USER ")]

    assert users and users[-1] not in ("root", "0")


def test_only_http_ports_are_published_and_only_on_loopback():
    published = {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container}

    assert set(published) == {"door", "dashboard", "prometheus"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_servers_are_on_the_internal_network_only():
    assert DOCUMENT["networks"]["inside"]["internal"]
    assert all("outside" in CONTAINERS[name]["networks"] for name in ("door", "dashboard", "notify"))
    assert all(CONTAINERS[name]["networks"] == ["inside"] for name in SERVERS)


@pytest.mark.parametrize("name", PROCESS_NAMES)
def test_process_starts_after_its_dependencies_and_restarts(name):
    container = CONTAINERS[name]

    assert container["depends_on"] == {"tables": {"condition": "service_completed_successfully"}, "rabbitmq": {"condition": "service_healthy"}}
    assert container["restart"] == "unless-stopped"
    assert container["healthcheck"]["test"] == ["CMD", "ready"]


@pytest.mark.parametrize("name", PROCESS_NAMES)
def test_stop_grace_period_exceeds_the_stop_timeout_of_a_process(name):
    grace = int(CONTAINERS[name]["stop_grace_period"].removesuffix("s"))

    assert grace > Settings.__dataclass_fields__["stop_seconds"].default + 5
    assert grace == supervisor.STOP_SECONDS


@pytest.mark.parametrize("name", [*SERVERS, *PROCESS_NAMES, *OPTIONAL])
def test_container_mounts_only_its_own_share_read_only(name):
    mounted = [volume for volume in CONTAINERS[name]["volumes"] if volume.startswith(("for-", "secrets"))]

    assert mounted == [f"for-{name}:{setup.SHARE}:ro"]
    assert f"for-{name}:{setup.SHARES}/{name}" in CONTAINERS["keys"]["volumes"]


def test_image_has_a_folder_for_every_share():
    assert f"for name in {' '.join([*SERVERS, *PROCESS_NAMES, *OPTIONAL])};" in (ROOT / "deploy/images/app/Dockerfile").read_text()


def test_file_contains_no_secret():
    settings = {name for container in CONTAINERS.values() for name in container.get("environment", {})}

    assert not settings & {"DATABASE_URL", "AMQP_URI", "POSTGRES_PASSWORD", "FENGQIAO_AT_REST_KEY", "FENGQIAO_SEAL_PRIVATE_KEY", "RABBITMQ_DEFAULT_PASS"}
    assert CONTAINERS["keys"]["environment"]["FENGQIAO_SECRETS"] == "${FENGQIAO_SECRETS:-}"


# ── the shares ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shares(tmp_path):
    """Return the empty volumes that `keys` finds at its first start."""
    for name in [*SERVERS, *PROCESS_NAMES, *OPTIONAL]:
        (tmp_path / "shares" / name).mkdir(parents=True)
    return tmp_path / "shares"


def test_process_environment_contains_addresses_ports_and_file_paths(shares, tmp_path):
    setup.make_keys(tmp_path, shares)
    intake, door, relay = (read_environment(shares / name / "environment") for name in ("intake", "door", "relay"))

    assert intake["DATABASE_URL"].endswith("@postgres:5432/fengqiao") and intake["AMQP_URI"].endswith("@rabbitmq:5672/fengqiao")
    assert intake["FENGQIAO_TELEMETRY_PORT"] == door["FENGQIAO_HTTP_PORT"] == str(setup.PORT)
    assert door["FENGQIAO_AGENCY_TOKENS"] == "/run/fengqiao/agency-tokens.json" and (shares / "door/agency-tokens.json").exists()
    assert relay["FENGQIAO_RELAY"] == "/run/fengqiao/relay.json" and (shares / "relay/relay.json").exists()


def test_prometheus_targets_are_every_process_and_the_broker(shares, tmp_path):
    setup.make_keys(tmp_path, shares)
    settings = yaml.safe_load((shares / "prometheus/prometheus.yml").read_text())
    targets = {target for job in settings["scrape_configs"] for group in job["static_configs"] for target in group["targets"]}

    assert targets == {*(f"{name}:{setup.PORT}" for name in PROCESS_NAMES), "rabbitmq:15692", "127.0.0.1:9090"}
    assert all((shares / "prometheus" / rules.removeprefix(f"{setup.SHARE}/")).exists() for rules in settings["rule_files"])


@pytest.mark.parametrize("name", ["door", "dashboard"])
def test_web_process_accepts_the_host_names_of_its_clients(name, monkeypatch, shares, tmp_path):
    """Prometheus uses the container's name; the health check and a browser on the host use a loopback name."""
    setting = f"FENGQIAO_{name.upper()}_HOSTS"
    text = CONTAINERS[name]["environment"][setting]
    own, rest = text.removesuffix("}").split(f",${{{setting}:-")
    monkeypatch.setenv(setting, f"{own},{rest}")
    hosts = AllowedHosts(None, getattr(load_web_settings(), f"{name}_hosts"), None)

    setup.make_keys(tmp_path, shares)
    settings = yaml.safe_load((shares / "prometheus/prometheus.yml").read_text())
    (target,) = [t for job in settings["scrape_configs"] for group in job["static_configs"] for t in group["targets"] if t.startswith(f"{name}:")]
    (probe_host,) = re.findall(r"Host: (\S+?)\\r", (ROOT / "deploy/images/app/ready").read_text())
    assert all(hosts.allows([(b"host", host.encode())]) for host in (target, probe_host, "127.0.0.1:8001", "localhost:8001"))
    assert not hosts.allows([(b"host", b"evil.example")])


def test_share_of_a_service_contains_only_its_own_secrets(shares, tmp_path):
    setup.make_keys(tmp_path, shares)
    made = json.loads((tmp_path / "secrets.json").read_text())

    for name in ("intake", "mediation", "metrics", "notify"):
        settings = "".join(file.read_text() for file in (shares / name).iterdir() if file.is_file())
        for part in ("broker", "database", "at_rest"):
            assert {other for other, secret in made[part].items() if secret in settings} == {name}


def test_repeated_run_changes_no_secret(shares, tmp_path):
    setup.make_keys(tmp_path, shares)
    before = {file: file.read_text() for file in shares.rglob("*") if file.name in ("environment", "password", "relay.json", "agency-tokens.json")}
    setup.make_keys(tmp_path, shares)

    assert before and {file: file.read_text() for file in before} == before


def test_given_secrets_are_used_and_missing_ones_created(shares, tmp_path, monkeypatch):
    monkeypatch.setenv("FENGQIAO_SECRETS", json.dumps({"agency_tokens": {"police": "given-token"}}))
    setup.make_keys(tmp_path, shares)
    tokens = json.loads((shares / "door/agency-tokens.json").read_text())

    assert tokens["police"] == "given-token" and len(tokens["court"]) > 20


def test_applied_county_stays_in_use_if_no_county_is_set(tmp_path, monkeypatch):
    mounted, secrets_folder = tmp_path / "mounted", tmp_path / "secrets"
    for folder in (mounted, secrets_folder):
        folder.mkdir()
    monkeypatch.delenv("FENGQIAO_COUNTY", raising=False)
    assert choose_county(secrets_folder, mounted) == mounted  # at the first start

    applied_copy.apply_copy(secrets_folder, COUNTY.folder)
    assert choose_county(secrets_folder, mounted) == secrets_folder / "county"

    monkeypatch.setenv("FENGQIAO_COUNTY", "./counties/mine")
    assert choose_county(secrets_folder, mounted) == mounted


def with_police(**changes) -> County:
    return replace(COUNTY, agencies=COUNTY.agencies | {"police": replace(COUNTY.agencies["police"], **changes)})


def test_removed_agency_loses_its_password_and_token(shares, tmp_path, monkeypatch):
    setup.make_keys(tmp_path, shares)
    monkeypatch.setattr(setup, "AGENCIES", with_police(status="removed").agencies)
    setup.make_keys(tmp_path, shares)

    users = {user["name"] for user in json.loads((shares / "rabbitmq/definitions.json").read_text())["users"]}
    assert "court" in json.loads((shares / "door/agency-tokens.json").read_text()) and "court" in users
    assert "police" not in json.loads((shares / "door/agency-tokens.json").read_text())
    assert "police" not in json.loads((tmp_path / "secrets.json").read_text())["broker"]


def test_impossible_county_change_is_refused_without_any_change(shares, tmp_path, monkeypatch):
    setup.make_keys(tmp_path, shares)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    monkeypatch.setattr(setup, "COUNTY", with_police(role="C"))

    with pytest.raises(SystemExit, match="role of agency police may not change"):
        setup.make_keys(tmp_path, shares)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_make_tables_creates_tables_and_loads_rosters_without_shares(servers, tmp_path, monkeypatch):
    if servers.database is None:
        pytest.skip("DATABASE_URL names a server on which tests must not create databases")
    admin = urlsplit(servers.database_admin)
    monkeypatch.setattr(setup, "DATABASE_ADDRESS", f"{admin.hostname}:{admin.port}")
    monkeypatch.setattr(roles, "DATABASE", "fengqiao_containers")
    write_private(tmp_path / "superuser-password", admin.password)
    write_private(tmp_path / "secrets.json", json.dumps(servers.keys))

    setup.make_tables(tmp_path)

    with closing(psycopg2.connect(roles.with_path(servers.database_admin, roles.DATABASE))) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from mediation.organisations")
        assert cursor.fetchone()[0] > 0
