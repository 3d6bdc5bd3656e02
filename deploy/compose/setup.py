"""What containers need before they start: `python -m deploy.compose.setup keys` (called by keys.py), then `… tables`. Both may be repeated.

`keys` makes every password and key once and gives each container its share, in a volume that only that container mounts; a copy of the county's
folder is in each.
`tables` makes roles, schemas and tables. `… agency police` prints, for a person, what one agency needs to connect.
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
from deploy.compose.keys import KEPT
from deploy.county import applied
from deploy.county.changes import compare
from deploy.files import ROOT, write_private
from deploy.monitoring import prometheus_rules, prometheus_settings
from plumbing.migrate import migrate

SHARES = Path("/shares")  # one folder per container …
SHARE = Path("/run/fengqiao")  # … and where that container finds its own
PORT = 8000  # every process has a network of its own, hence the same port
DATABASE_AT, BROKER_AT, BROKER_METRICS_AT = "postgres:5432", "rabbitmq:5672", "rabbitmq:15692"  # the names of docker-compose.yml


@dataclass(frozen=True)
class Containers:
    """An installation in containers: what each process has to be given (see deploy.processes.Installation)."""

    keys: dict
    partitions: int = DEFAULT_PARTITIONS
    folder: Path = SHARE
    county: Path = SHARE / applied.NAME
    broker: None = None  # runs in a container of its own and is found by its host name

    @cached_property
    def ports(self) -> dict[str, int]:
        return dict.fromkeys(processes.KINDS, PORT)

    @cached_property
    def services(self) -> dict[str, dict[str, str]]:
        at = f"postgresql://{DATABASE_AT}/{roles.DATABASE}"
        return {name: {"amqp": self.amqp(name), "database": roles.with_user(at, name, self.keys["database"][name])} for name in SERVICES}

    def amqp(self, user: str) -> str:
        return f"amqp://{user}:{self.keys['broker'][user]}@{BROKER_AT}/{broker.VHOST}"


def make_keys(kept: Path = KEPT, shares: Path = SHARES) -> None:
    """Write each container's share, and make every password and key that does not exist yet.

    Values in FENGQIAO_SECRETS (JSON in the shape of secrets.json, or parts of it) replace those that exist. Raises SystemExit, before anything is changed, if the county's folder changed in a way that an installation cannot follow.
    """
    _refuse_impossible_changes(kept)
    _take_over(json.loads(os.environ.get("FENGQIAO_SECRETS") or "{}"), kept / "secrets.json")
    containers = _containers(kept)
    password = kept / "superuser-password"
    if not password.exists():
        write_private(password, secrets.token_urlsafe(24))

    _share(shares / "postgres/password", password.read_text())
    _share(shares / "rabbitmq/definitions.json", json.dumps(broker.definitions(containers.keys["broker"], containers.partitions, AGENCIES)))
    _share(shares / "rabbitmq/enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
    _share(shares / "rabbitmq/rabbitmq.conf", (ROOT / "deploy/images/rabbitmq/rabbitmq.conf").read_text())
    applied.put(kept, COUNTY.folder)
    for kind in processes.KINDS.values():
        applied.put(shares / kind.name, COUNTY.folder)
        told = processes.launch(kind, containers).environment
        write_private(shares / kind.name / "environment", "".join(f"{name}={shlex.quote(value)}\n" for name, value in told.items()))
    addresses = {name: f"{name}:{PORT}" for name in processes.KINDS}
    rules = {SHARE / file.name: file.read_text() for file in prometheus_rules()}
    _share(shares / "prometheus/prometheus.yml", prometheus_settings(addresses, BROKER_METRICS_AT, "127.0.0.1:9090", rules))
    for file, text in rules.items():
        _share(shares / "prometheus" / file.name, text)
    write_private(shares / "relay/relay.json", json.dumps(containers.services))
    write_private(shares / "door/agency-tokens.json", json.dumps(containers.keys["agency_tokens"]))


def _refuse_impossible_changes(kept: Path) -> None:
    before = applied.applied(kept)
    refused = compare(files.read(before)[0], COUNTY).refused if before else ()
    if refused:
        raise SystemExit("\n".join(refused) + "\n未作改动 | nothing was changed")


def make_tables(kept: Path = KEPT) -> None:
    """Stops at the first service whose tables cannot be brought up to date: no process starts then."""
    server = roles.with_user(f"postgresql://{DATABASE_AT}/postgres", "postgres", (kept / "superuser-password").read_text())
    roles.make_database(server, roles.DATABASE)
    addresses = roles.prepare_database(roles.with_path(server, roles.DATABASE), _containers(kept).keys["database"])
    for service, address in addresses.items():
        print(f"{service}: {migrate(service, address)} migrations applied")
    _load_rosters(kept)


def _load_rosters(kept: Path) -> None:
    """Load those of the county's folder, unless there are rosters already."""
    told = processes.launch(processes.KINDS["mediation"], _containers(kept)).environment | {"FENGQIAO_COUNTY": str(COUNTY.folder)}
    subprocess.run([sys.executable, "-m", "services.mediation.commands.rosters", "load", "--only-if-empty"], cwd=ROOT, env=os.environ | told, check=True)


def print_agency(code: str, kept: Path = KEPT) -> None:
    containers = _containers(kept)
    print(json.dumps({"agency": code, "token": containers.keys["agency_tokens"][code], "amqp": containers.amqp(code)}, indent=1))


def _containers(kept: Path) -> Containers:
    return Containers(keys.of_county(kept, SERVICES, AGENCIES), int(os.environ.get("FENGQIAO_PARTITIONS") or DEFAULT_PARTITIONS))


def _take_over(given: dict, file: Path) -> None:
    if given:
        before = json.loads(file.read_text()) if file.exists() else {}
        write_private(file, json.dumps(before | {part: {**before.get(part, {}), **values} for part, values in given.items()}, indent=1))


def _share(file: Path, text: str) -> None:
    """For a server, which runs as a user of its own: whoever gets to this volume may read it, and only that server gets to it."""
    write_private(file, text)
    file.chmod(0o444)


WORDS = {"keys": make_keys, "tables": make_tables, "agency": print_agency}

if __name__ == "__main__":
    word, *rest = sys.argv[1:]
    WORDS[word](*rest)
