"""Prepares the containers: `python -m deploy.compose.setup keys` (run by keys.py), then `… tables`. Both commands may be repeated.

`recover` repairs a loss of data. `keys` creates every password and key once. For each container, it writes the settings and secrets that this container needs (its share) into a volume
that only this container mounts. `tables` creates database roles, schemas and tables. `… agency police` prints the connection data of one agency.
"""

import json
import os
import secrets
import shlex
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from contracts import AGENCIES, COUNTY
from contracts.channels import DEFAULT_PARTITIONS, SERVICES
from contracts.county import files
from deploy import broker, keys, processes, recovery, roles
from deploy.compose.keys import SECRETS_FOLDER
from deploy.county import applied_copy
from deploy.county.changes import compare_counties
from deploy.files import ROOT, write_private
from deploy.monitoring import prometheus_rules, prometheus_settings
from plumbing import first_epoch
from plumbing.epoch import EpochFile, RecoveryNeeded
from plumbing.migrate import migrate

SHARES_FOLDER = Path("/shares")  # in container `keys`: folder with one subfolder per container for its settings and secrets
SHARE_FOLDER = Path("/run/fengqiao")  # in every other container: folder with its own settings and secrets
EPOCH_FOLDER = Path("/var/lib/fengqiao-epoch")  # in `tables` and in every process: folder of the epoch file (plumbing.epoch)
HTTP_PORT = 8000  # HTTP port of every process; it can be the same, because each container has its own network address
DATABASE_ADDRESS, BROKER_ADDRESS, BROKER_METRICS_ADDRESS = (
    "postgres:5432",
    "rabbitmq:5672",
    "rabbitmq:15692",
)  # the host names are defined in docker-compose.yml
RECOVER_COMMAND = "容器中 | in containers: docker-compose run --rm tables python -m deploy.compose.setup recover"


@dataclass(frozen=True)
class Containers:
    """The values that the processes of an installation in containers need (see deploy.processes.Installation)."""

    keys: dict
    partitions: int = DEFAULT_PARTITIONS
    folder: Path = SHARE_FOLDER
    county: Path = SHARE_FOLDER / applied_copy.COUNTY_SYMLINK_NAME
    database_admin: str = ""  # set for a recovery only
    broker: None = None  # None: the broker is reached by its host name (see Installation)

    @cached_property
    def ports(self) -> dict[str, int]:
        return dict.fromkeys(processes.PROCESSES, HTTP_PORT)

    @cached_property
    def services(self) -> dict[str, dict[str, str]]:
        database_url = f"postgresql://{DATABASE_ADDRESS}/{roles.DATABASE}"
        return {name: {"amqp": self.amqp(name), "database": roles.url_with_user(database_url, name, self.keys["database"][name])} for name in SERVICES}

    @property
    def epoch_file(self) -> Path:
        return EPOCH_FOLDER / "epoch.json"

    @property
    def amqp_admin(self) -> str:
        return self.amqp(broker.ADMIN)

    def amqp(self, user: str) -> str:
        return f"amqp://{user}:{self.keys['broker'][user]}@{BROKER_ADDRESS}/{broker.VHOST}"


def make_keys(secrets_folder: Path = SECRETS_FOLDER, shares: Path = SHARES_FOLDER) -> None:
    """Create missing passwords and keys, and write the settings and secrets of each container into its volume.

    Values in FENGQIAO_SECRETS (JSON in the shape of secrets.json or of a part of it) replace existing values. Raises SystemExit, before any change, if
    the county's folder contains a change that cannot be applied.
    """
    _refuse_impossible_changes(secrets_folder)
    _merge_given_secrets(json.loads(os.environ.get("FENGQIAO_SECRETS") or "{}"), secrets_folder / "secrets.json")
    containers = _load_containers(secrets_folder)
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
        environment = processes.make_launch(spec, containers).environment
        write_private(shares / spec.name / "environment", "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))
    addresses = {name: f"{name}:{HTTP_PORT}" for name in processes.PROCESSES}
    rules = {SHARE_FOLDER / file.name: file.read_text() for file in prometheus_rules()}
    _write_share(shares / "prometheus/prometheus.yml", prometheus_settings(addresses, BROKER_METRICS_ADDRESS, "127.0.0.1:9090", rules))
    for file, text in rules.items():
        _write_share(shares / "prometheus" / file.name, text)
    write_private(shares / "relay/relay.json", json.dumps(containers.services))
    write_private(shares / "door/agency-tokens.json", json.dumps(containers.keys["agency_tokens"]))


def _refuse_impossible_changes(secrets_folder: Path) -> None:
    existing = applied_copy.find_applied_copy(secrets_folder)
    refused = compare_counties(files.read_county(existing)[0], COUNTY).refused if existing else ()
    if refused:
        raise SystemExit("\n".join(refused) + "\n未作改动 | nothing was changed")


def make_tables(secrets_folder: Path = SECRETS_FOLDER) -> None:
    """Create the database roles and schemas, migrate the tables of every service and load the rosters. Raises if a migration fails."""
    server = _superuser_url(secrets_folder)
    roles.make_database(server, roles.DATABASE)
    containers = _load_containers(secrets_folder)
    addresses = roles.prepare_database(roles.url_with_path(server, roles.DATABASE), containers.keys["database"])
    for service, address in addresses.items():
        print(f"{service}: {migrate(service, address)} migrations applied")
    try:
        first_epoch.begin_or_check(addresses, containers.amqp_admin, EpochFile(containers.epoch_file))
    except RecoveryNeeded as reason:
        raise SystemExit(f"{reason}\n{RECOVER_COMMAND}") from None
    _load_rosters(secrets_folder)


def recover(secrets_folder: Path = SECRETS_FOLDER) -> None:
    """Repair a loss of data (deploy.recovery). The containers of the processes must be stopped."""
    containers = replace(_load_containers(secrets_folder), database_admin=roles.url_with_path(_superuser_url(secrets_folder), roles.DATABASE))
    try:
        recovery.recover(containers)
    except recovery.CannotRecover as reason:
        raise SystemExit(str(reason)) from None


def _superuser_url(secrets_folder: Path) -> str:
    return roles.url_with_user(f"postgresql://{DATABASE_ADDRESS}/postgres", "postgres", (secrets_folder / "superuser-password").read_text())


def _load_rosters(secrets_folder: Path) -> None:
    """Load the rosters of the county's folder into the mediation service, unless it has rosters already."""
    environment = processes.make_launch(processes.PROCESSES["mediation"], _load_containers(secrets_folder)).environment | {
        "FENGQIAO_COUNTY": str(COUNTY.folder)
    }
    subprocess.run([sys.executable, "-m", "services.mediation.commands.rosters", "load", "--only-if-empty"], cwd=ROOT, env=os.environ | environment, check=True)


def print_agency(code: str, secrets_folder: Path = SECRETS_FOLDER) -> None:
    """Print the access token and the broker address of an agency as JSON."""
    containers = _load_containers(secrets_folder)
    print(json.dumps({"agency": code, "token": containers.keys["agency_tokens"][code], "amqp": containers.amqp(code)}, indent=1))


def _load_containers(secrets_folder: Path) -> Containers:
    return Containers(keys.load_county_keys(secrets_folder, SERVICES, AGENCIES), int(os.environ.get("FENGQIAO_PARTITIONS") or DEFAULT_PARTITIONS))


def _merge_given_secrets(given_secrets: dict, file: Path) -> None:
    if given_secrets:
        existing = json.loads(file.read_text()) if file.exists() else {}
        write_private(file, json.dumps(existing | {part: {**existing.get(part, {}), **values} for part, values in given_secrets.items()}, indent=1))


def _write_share(file: Path, text: str) -> None:
    """Write a file for the container of a server. All users may read it, because the server runs as another user; only that container mounts the volume."""
    write_private(file, text)
    file.chmod(0o444)


COMMANDS = {"keys": make_keys, "tables": make_tables, "recover": recover, "agency": print_agency}

if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    COMMANDS[command](*rest)
