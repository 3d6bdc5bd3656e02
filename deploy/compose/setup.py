"""Prepares the containers: `python -m deploy.compose.setup keys` (run by keys.py), then `… tables`. Both may be repeated.

`keys` creates every password and key once and writes each container's share into a volume that only that container mounts, with a copy of the
county's folder. `tables` creates roles, schemas and tables. `… agency police` prints the connection data of one agency for a person.
"""

import json
import os
import secrets
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from contracts import AGENCIES, COUNTY
from contracts.channels import DEFAULT_PARTITIONS, SERVICES
from contracts.county import files
from deploy import broker, keys, processes, roles
from deploy.compose.keys import SECRETS_FOLDER
from deploy.county import applied_copy
from deploy.county.changes import compare
from deploy.files import ROOT, write_private
from deploy.monitoring import prometheus_rules, prometheus_settings
from plumbing.migrate import migrate

SHARES = Path("/shares")  # the shares of all containers, one folder each, as mounted in the container `keys`
SHARE = Path("/run/fengqiao")  # the share of a container, as mounted in that container
PORT = 8000  # the same for every process, because each container has its own network address
DATABASE_ADDRESS, BROKER_ADDRESS, BROKER_METRICS_ADDRESS = "postgres:5432", "rabbitmq:5672", "rabbitmq:15692"  # host names in docker-compose.yml


@dataclass(frozen=True)
class Containers:
    """An installation in containers, with the values that its processes need (see deploy.processes.Installation)."""

    keys: dict
    partitions: int = DEFAULT_PARTITIONS
    folder: Path = SHARE
    county: Path = SHARE / applied_copy.LINK_NAME
    broker: None = None  # runs in another container and is reached by its host name

    @cached_property
    def ports(self) -> dict[str, int]:
        return dict.fromkeys(processes.PROCESSES, PORT)

    @cached_property
    def services(self) -> dict[str, dict[str, str]]:
        database_url = f"postgresql://{DATABASE_ADDRESS}/{roles.DATABASE}"
        return {name: {"amqp": self.amqp(name), "database": roles.with_user(database_url, name, self.keys["database"][name])} for name in SERVICES}

    def amqp(self, user: str) -> str:
        return f"amqp://{user}:{self.keys['broker'][user]}@{BROKER_ADDRESS}/{broker.VHOST}"


def make_keys(secrets_folder: Path = SECRETS_FOLDER, shares: Path = SHARES) -> None:
    """Create every missing password and key, and write the share of each container.

    Values in FENGQIAO_SECRETS (JSON in the shape of secrets.json, or a part of it) replace existing ones. Raises SystemExit before any change if the
    county's folder changed in a way that an installation cannot apply.
    """
    _refuse_impossible_changes(secrets_folder)
    _merge_given_secrets(json.loads(os.environ.get("FENGQIAO_SECRETS") or "{}"), secrets_folder / "secrets.json")
    containers = _containers(secrets_folder)
    password = secrets_folder / "superuser-password"
    if not password.exists():
        write_private(password, secrets.token_urlsafe(24))

    _write_share(shares / "postgres/password", password.read_text())
    _write_share(shares / "rabbitmq/definitions.json", json.dumps(broker.definitions(containers.keys["broker"], containers.partitions, AGENCIES)))
    _write_share(shares / "rabbitmq/enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
    _write_share(shares / "rabbitmq/rabbitmq.conf", (ROOT / "deploy/images/rabbitmq/rabbitmq.conf").read_text())
    applied_copy.apply_copy(secrets_folder, COUNTY.folder)
    for spec in processes.PROCESSES.values():
        applied_copy.apply_copy(shares / spec.name, COUNTY.folder)
        environment = processes.launch(spec, containers).environment
        write_private(shares / spec.name / "environment", "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))
    addresses = {name: f"{name}:{PORT}" for name in processes.PROCESSES}
    rules = {SHARE / file.name: file.read_text() for file in prometheus_rules()}
    _write_share(shares / "prometheus/prometheus.yml", prometheus_settings(addresses, BROKER_METRICS_ADDRESS, "127.0.0.1:9090", rules))
    for file, text in rules.items():
        _write_share(shares / "prometheus" / file.name, text)
    write_private(shares / "relay/relay.json", json.dumps(containers.services))
    write_private(shares / "door/agency-tokens.json", json.dumps(containers.keys["agency_tokens"]))


def _refuse_impossible_changes(secrets_folder: Path) -> None:
    existing = applied_copy.find_applied_copy(secrets_folder)
    refused = compare(files.read(existing)[0], COUNTY).refused if existing else ()
    if refused:
        raise SystemExit("\n".join(refused) + "\n未作改动 | nothing was changed")


def make_tables(secrets_folder: Path = SECRETS_FOLDER) -> None:
    """Create the roles and schemas, migrate the tables of every service and load the rosters. A failed migration ends the command, and no process starts."""
    server = roles.with_user(f"postgresql://{DATABASE_ADDRESS}/postgres", "postgres", (secrets_folder / "superuser-password").read_text())
    roles.make_database(server, roles.DATABASE)
    addresses = roles.prepare_database(roles.with_path(server, roles.DATABASE), _containers(secrets_folder).keys["database"])
    for service, address in addresses.items():
        print(f"{service}: {migrate(service, address)} migrations applied")
    _load_rosters(secrets_folder)


def _load_rosters(secrets_folder: Path) -> None:
    """Load the rosters of the county's folder, unless there are rosters already."""
    environment = processes.launch(processes.PROCESSES["mediation"], _containers(secrets_folder)).environment | {"FENGQIAO_COUNTY": str(COUNTY.folder)}
    subprocess.run([sys.executable, "-m", "services.mediation.commands.rosters", "load", "--only-if-empty"], cwd=ROOT, env=os.environ | environment, check=True)


def print_agency(code: str, secrets_folder: Path = SECRETS_FOLDER) -> None:
    """Print the token and broker address of an agency as JSON."""
    containers = _containers(secrets_folder)
    print(json.dumps({"agency": code, "token": containers.keys["agency_tokens"][code], "amqp": containers.amqp(code)}, indent=1))


def _containers(secrets_folder: Path) -> Containers:
    return Containers(keys.load_for_county(secrets_folder, SERVICES, AGENCIES), int(os.environ.get("FENGQIAO_PARTITIONS") or DEFAULT_PARTITIONS))


def _merge_given_secrets(given_secrets: dict, file: Path) -> None:
    if given_secrets:
        existing = json.loads(file.read_text()) if file.exists() else {}
        write_private(file, json.dumps(existing | {part: {**existing.get(part, {}), **values} for part, values in given_secrets.items()}, indent=1))


def _write_share(file: Path, text: str) -> None:
    """Write a file of a server's share. It is readable by all users, because the server runs as its own user; only its container mounts the volume."""
    write_private(file, text)
    file.chmod(0o444)


COMMANDS = {"keys": make_keys, "tables": make_tables, "agency": print_agency}

if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    COMMANDS[command](*rest)
