"""Tests of docker-compose.yml and of the files that container `keys` writes for the other containers.

The containers run the same processes as an installation without containers, have few rights, and get only their own secrets.
"""

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
from plumbing.epoch import EpochFile
from plumbing.hosts import AllowedHosts
from plumbing.settings import Settings, load_web_settings

COMPOSE_FILE = ROOT / "docker-compose.yml"
COMPOSE_DOCUMENT = yaml.safe_load(COMPOSE_FILE.read_text())
CONTAINERS = COMPOSE_DOCUMENT["services"]
PROCESS_NAMES = list(PROCESSES)
SERVER_NAMES = ["postgres", "rabbitmq"]
ONE_SHOT_NAMES = ["keys", "tables"]
OPTIONAL_NAMES = ["prometheus"]


def read_environment(file) -> dict[str, str]:
    return dict(line.split("=", 1) for line in shlex.split(file.read_text()))


# ── docker-compose.yml ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_compose_file_matches_the_compose_specification():
    options = [
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE_FILE),
    ]  # the specification is part of package check-jsonschema, so that no network is needed
    completed = subprocess.run([sys.executable, "-m", "check_jsonschema", *options], capture_output=True, text=True, check=False)

    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_compose_file_has_no_entries_name_and_version():
    assert not {"name", "version"} & set(COMPOSE_DOCUMENT)


def test_compose_file_has_a_container_for_each_process_and_server_and_the_one_shot_containers():
    assert set(CONTAINERS) == {*PROCESS_NAMES, *SERVER_NAMES, *ONE_SHOT_NAMES, *OPTIONAL_NAMES}
    assert [name for name, container in CONTAINERS.items() if "profiles" in container] == OPTIONAL_NAMES


@pytest.mark.parametrize("spec", PROCESSES.values(), ids=lambda spec: spec.name)
def test_container_runs_its_process_with_the_same_command_as_without_containers(spec):
    assert CONTAINERS[spec.name]["command"] == ["python", *spec.command]


def test_database_container_has_the_same_settings_as_the_private_server():
    settings = dict(command.removeprefix("-c").split("=") for command in CONTAINERS["postgres"]["command"][1:])

    assert settings == postgresql.SERVER_SETTINGS | {"listen_addresses": "*"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_is_read_only_has_no_capabilities_and_has_memory_and_log_limits(name):
    container = CONTAINERS[name]

    assert container["read_only"] and container["cap_drop"] == ["ALL"] and container["security_opt"] == ["no-new-privileges:true"]
    assert container["mem_limit"] and container["logging"]["options"]["max-size"]
    assert "privileged" not in container and container.get("user") != "root"


@pytest.mark.parametrize("image", ["app", *SERVER_NAMES, *OPTIONAL_NAMES])
def test_container_image_does_not_run_as_root(image):
    users = [line.split()[1] for line in (ROOT / f"deploy/images/{image}/Dockerfile").read_text().splitlines() if line.startswith("USER ")]

    assert users and users[-1] not in ("root", "0")


def test_only_the_web_processes_and_prometheus_publish_ports_and_only_on_loopback():
    published = {name: container["ports"] for name, container in CONTAINERS.items() if "ports" in container}

    assert set(published) == {"door", "dashboard", "prometheus"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_database_and_broker_are_on_the_internal_network_only():
    assert COMPOSE_DOCUMENT["networks"]["inside"]["internal"]
    assert all("outside" in CONTAINERS[name]["networks"] for name in ("door", "dashboard", "notify"))
    assert all(CONTAINERS[name]["networks"] == ["inside"] for name in SERVER_NAMES)


@pytest.mark.parametrize("name", PROCESS_NAMES)
def test_container_of_a_process_starts_after_its_dependencies_and_restarts_automatically(name):
    container = CONTAINERS[name]

    assert container["depends_on"] == {"tables": {"condition": "service_completed_successfully"}, "rabbitmq": {"condition": "service_healthy"}}
    assert container["restart"] == "unless-stopped"
    assert container["healthcheck"]["test"] == ["CMD", "ready"]


@pytest.mark.parametrize("name", PROCESS_NAMES)
def test_stop_grace_period_of_a_container_exceeds_the_stop_timeout_of_its_process(name):
    grace = int(CONTAINERS[name]["stop_grace_period"].removesuffix("s"))

    assert grace > Settings.__dataclass_fields__["stop_seconds"].default + 5
    assert grace == supervisor.STOP_TIMEOUT_SECONDS


@pytest.mark.parametrize("name", [*SERVER_NAMES, *PROCESS_NAMES, *OPTIONAL_NAMES])
def test_container_mounts_only_the_volume_with_its_own_secrets_and_read_only(name):
    mounted = [volume for volume in CONTAINERS[name]["volumes"] if volume.startswith(("for-", "secrets"))]

    assert mounted == [f"for-{name}:{setup.SHARE_FOLDER}:ro"]
    assert f"for-{name}:{setup.SHARES_FOLDER}/{name}" in CONTAINERS["keys"]["volumes"]


@pytest.mark.parametrize("name", ["tables", *PROCESS_NAMES])
def test_container_mounts_the_volume_with_the_epoch_file_writable(name):
    assert f"epoch:{setup.EPOCH_FOLDER}" in CONTAINERS[name]["volumes"]
    assert str(setup.EPOCH_FOLDER).removeprefix("/") in (ROOT / "deploy/images/app/Dockerfile").read_text()


def test_app_image_has_a_folder_for_the_secrets_of_every_container():
    assert f"for name in {' '.join([*SERVER_NAMES, *PROCESS_NAMES, *OPTIONAL_NAMES])};" in (ROOT / "deploy/images/app/Dockerfile").read_text()


def test_compose_file_contains_no_secret():
    settings = {name for container in CONTAINERS.values() for name in container.get("environment", {})}

    assert not settings & {"DATABASE_URL", "AMQP_URI", "POSTGRES_PASSWORD", "FENGQIAO_AT_REST_KEY", "FENGQIAO_SEAL_PRIVATE_KEY", "RABBITMQ_DEFAULT_PASS"}
    assert CONTAINERS["keys"]["environment"]["FENGQIAO_SECRETS"] == "${FENGQIAO_SECRETS:-}"


# ── files that container `keys` writes for the other containers ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def share_folders(tmp_path):
    """Return a folder with an empty subfolder for each container, like the volumes that container `keys` finds at its first start."""
    for name in [*SERVER_NAMES, *PROCESS_NAMES, *OPTIONAL_NAMES]:
        (tmp_path / "shares" / name).mkdir(parents=True)
    return tmp_path / "shares"


def test_environment_of_a_process_contains_addresses_ports_and_file_paths(share_folders, tmp_path):
    setup.make_keys(tmp_path, share_folders)
    intake, door, relay = (read_environment(share_folders / name / "environment") for name in ("intake", "door", "relay"))

    assert intake["DATABASE_URL"].endswith("@postgres:5432/fengqiao") and intake["AMQP_URI"].endswith("@rabbitmq:5672/fengqiao")
    assert intake["FENGQIAO_TELEMETRY_PORT"] == door["FENGQIAO_HTTP_PORT"] == str(setup.HTTP_PORT)
    assert door["FENGQIAO_AGENCY_TOKENS"] == "/run/fengqiao/agency-tokens.json" and (share_folders / "door/agency-tokens.json").exists()
    assert relay["FENGQIAO_RELAY"] == "/run/fengqiao/relay.json" and (share_folders / "relay/relay.json").exists()


def test_prometheus_targets_are_every_process_the_broker_and_prometheus_itself(share_folders, tmp_path):
    setup.make_keys(tmp_path, share_folders)
    settings = yaml.safe_load((share_folders / "prometheus/prometheus.yml").read_text())
    targets = {target for job in settings["scrape_configs"] for group in job["static_configs"] for target in group["targets"]}

    assert targets == {*(f"{name}:{setup.HTTP_PORT}" for name in PROCESS_NAMES), "rabbitmq:15692", "127.0.0.1:9090"}
    assert all((share_folders / "prometheus" / rules.removeprefix(f"{setup.SHARE_FOLDER}/")).exists() for rules in settings["rule_files"])


@pytest.mark.parametrize("name", ["door", "dashboard"])
def test_web_process_accepts_host_names_used_by_prometheus_the_health_check_and_browsers(name, monkeypatch, share_folders, tmp_path):
    """Prometheus uses the container's name; the health check and a browser on the host use a loopback name."""
    setting = f"FENGQIAO_{name.upper()}_HOSTS"
    text = CONTAINERS[name]["environment"][setting]
    own, rest = text.removesuffix("}").split(f",${{{setting}:-")
    monkeypatch.setenv(setting, f"{own},{rest}")
    hosts = AllowedHosts(None, getattr(load_web_settings(), f"{name}_hosts"), None)

    setup.make_keys(tmp_path, share_folders)
    settings = yaml.safe_load((share_folders / "prometheus/prometheus.yml").read_text())
    (target,) = [t for job in settings["scrape_configs"] for group in job["static_configs"] for t in group["targets"] if t.startswith(f"{name}:")]
    (probe_host,) = re.findall(r"Host: (\S+?)\\r", (ROOT / "deploy/images/app/ready").read_text())
    assert all(hosts.allows([(b"host", host.encode())]) for host in (target, probe_host, "127.0.0.1:8001", "localhost:8001"))
    assert not hosts.allows([(b"host", b"evil.example")])


def test_files_for_the_container_of_a_service_contain_only_the_secrets_of_this_service(share_folders, tmp_path):
    setup.make_keys(tmp_path, share_folders)
    created_secrets = json.loads((tmp_path / "secrets.json").read_text())

    for name in ("intake", "mediation", "metrics", "notify"):
        settings = "".join(file.read_text() for file in (share_folders / name).iterdir() if file.is_file())
        for part in ("broker", "database", "at_rest"):
            assert {other for other, secret in created_secrets[part].items() if secret in settings} == {name}


def test_second_run_of_make_keys_changes_no_secret(share_folders, tmp_path):
    setup.make_keys(tmp_path, share_folders)
    before = {file: file.read_text() for file in share_folders.rglob("*") if file.name in ("environment", "password", "relay.json", "agency-tokens.json")}
    setup.make_keys(tmp_path, share_folders)

    assert before and {file: file.read_text() for file in before} == before


def test_secrets_given_in_the_environment_are_used_and_missing_secrets_are_created(share_folders, tmp_path, monkeypatch):
    monkeypatch.setenv("FENGQIAO_SECRETS", json.dumps({"agency_tokens": {"police": "given-token"}}))
    setup.make_keys(tmp_path, share_folders)
    tokens = json.loads((share_folders / "door/agency-tokens.json").read_text())

    assert tokens["police"] == "given-token" and len(tokens["court"]) > 20


def test_applied_copy_of_the_county_is_chosen_if_fengqiao_county_is_not_set(tmp_path, monkeypatch):
    mounted, secrets_folder = tmp_path / "mounted", tmp_path / "secrets"
    for folder in (mounted, secrets_folder):
        folder.mkdir()
    monkeypatch.delenv("FENGQIAO_COUNTY", raising=False)
    assert choose_county(secrets_folder, mounted) == mounted  # at the first start, there is no applied copy

    applied_copy.apply_copy(secrets_folder, COUNTY.folder)
    assert choose_county(secrets_folder, mounted) == secrets_folder / "county"

    monkeypatch.setenv("FENGQIAO_COUNTY", "./counties/mine")
    assert choose_county(secrets_folder, mounted) == mounted


def county_with_police(**changes) -> County:
    return replace(COUNTY, agencies=COUNTY.agencies | {"police": replace(COUNTY.agencies["police"], **changes)})


def test_broker_user_and_access_token_of_a_removed_agency_are_deleted(share_folders, tmp_path, monkeypatch):
    setup.make_keys(tmp_path, share_folders)
    monkeypatch.setattr(setup, "AGENCIES", county_with_police(status="removed").agencies)
    setup.make_keys(tmp_path, share_folders)

    users = {user["name"] for user in json.loads((share_folders / "rabbitmq/definitions.json").read_text())["users"]}
    assert "court" in json.loads((share_folders / "door/agency-tokens.json").read_text()) and "court" in users
    assert "police" not in json.loads((share_folders / "door/agency-tokens.json").read_text())
    assert "police" not in json.loads((tmp_path / "secrets.json").read_text())["broker"]


def test_refused_change_of_the_county_leaves_every_file_unchanged(share_folders, tmp_path, monkeypatch):
    setup.make_keys(tmp_path, share_folders)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    monkeypatch.setattr(setup, "COUNTY", county_with_police(role="C"))

    with pytest.raises(SystemExit, match="role of agency police may not change"):
        setup.make_keys(tmp_path, share_folders)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_make_tables_creates_the_tables_and_loads_the_rosters(servers, tmp_path, monkeypatch, capsys):
    if servers.database is None:
        pytest.skip("DATABASE_URL names a server on which tests must not create databases")
    admin = urlsplit(servers.database_admin)
    monkeypatch.setattr(setup, "DATABASE_ADDRESS", f"{admin.hostname}:{admin.port}")
    monkeypatch.setattr(roles, "DATABASE", "fengqiao_containers")
    monkeypatch.setattr(setup.Containers, "amqp_admin", servers.amqp_admin)
    monkeypatch.setattr(setup, "EPOCH_FOLDER", tmp_path)
    write_private(tmp_path / "superuser-password", admin.password)
    write_private(tmp_path / "secrets.json", json.dumps(servers.keys))

    setup.make_tables(tmp_path)

    with closing(psycopg2.connect(roles.url_with_path(servers.database_admin, roles.DATABASE))) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from mediation.organisations")
        assert cursor.fetchone()[0] > 0

    assert EpochFile(tmp_path / "epoch.json").read()["epoch"] == 1
    setup.recover(tmp_path)
    assert "nothing was changed" in capsys.readouterr().err
    EpochFile(tmp_path / "epoch.json").record_published("mediation", 10**9)
    with pytest.raises(SystemExit, match=r"of mediation is older.*\n.*docker-compose run --rm tables python -m deploy.compose.setup recover"):
        setup.make_tables(tmp_path)
    setup.recover(tmp_path)
    assert EpochFile(tmp_path / "epoch.json").read() == {"epoch": 2, "published": {}}
    setup.make_tables(tmp_path)
