"""What a process is told by its environment. Nothing else reads the environment."""

import base64
import binascii
from dataclasses import dataclass, field

from environs import Env, ValidationError, validate

from contracts.channels import DEFAULT_PARTITIONS

LOOPBACK = ["127.0.0.1", "localhost", "::1"]


@dataclass(frozen=True)
class Settings:
    """One process's settings. Secrets are kept out of `repr`, so that they cannot reach a log."""

    service: str
    database_url: str = field(repr=False)
    amqp_uri: str = field(repr=False)
    at_rest_key: bytes = field(repr=False)
    seal_private_key: bytes | None = field(default=None, repr=False)  # intake's alone: opens what agencies sealed to its public key
    telemetry_host: str = "127.0.0.1"
    telemetry_port: int = 0
    partitions: int = DEFAULT_PARTITIONS
    partitions_heard: tuple[int, ...] = ()
    log_level: str = "INFO"
    stop_seconds: float = 15.0
    ahead: int | None = None  # steps that intake passes on before mediation has decided the earlier ones; None: as it thinks right
    patience_seconds: float = 600.0  # history arrives in bulk: how long a deadline set in the past waits for the step that met it


@dataclass(frozen=True)
class Http:
    """Where a web process listens, and how it is called in its log lines."""

    host: str
    port: int
    process: str
    log_level: str
    dashboard_hosts: tuple[str, ...]  # the names under which a browser may ask for the dashboard
    door_hosts: tuple[str, ...]  # … and an agency's system for the door
    is_demo: bool  # the dashboard says so on every page


def load_http(process: str = "web") -> Http:
    """Reads what web processes are told beside `load`."""
    env = Env()
    with env.prefixed("FENGQIAO_"):
        return Http(
            host=env.str("HTTP_HOST", "127.0.0.1"),
            port=env.int("HTTP_PORT", 0),
            process=env.str("PROCESS", process),
            log_level=env.str("LOG_LEVEL", "INFO"),
            dashboard_hosts=tuple(env.list("DASHBOARD_HOSTS", LOOPBACK)),
            door_hosts=tuple(env.list("DOOR_HOSTS", LOOPBACK)),
            is_demo=env.bool("DEMO", False),
        )


def load(opens_sealed: bool = True) -> Settings:
    """Reads the environment; raises `environs.EnvValidationError` naming every setting that is missing or wrong at once.

    `opens_sealed`: whether a process of intake may have to open sealed reports; an operator's tool does not.
    """
    env = Env(eager=False)
    env.read_env(recurse=False)
    with env.prefixed("FENGQIAO_"):
        service = env.str("SERVICE")
        key = env.str("AT_REST_KEY", validate=_is_a_key)
        # Without it intake could open no sealed report: each would have to wait for a person, and so would what follows it.
        seal_key = env.str("SEAL_PRIVATE_KEY", validate=_is_a_key) if service == "intake" and opens_sealed else None
        telemetry_host = env.str("TELEMETRY_HOST", "127.0.0.1")
        telemetry_port = env.int("TELEMETRY_PORT", 0)
        partitions = env.int("PARTITIONS", DEFAULT_PARTITIONS, validate=validate.Range(1, 64))
        heard = env.list("PARTITIONS_HEARD", [], subcast=int)
        level = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
        stop_seconds = env.float("STOP_SECONDS", 15.0)
        ahead = env.int("AHEAD", None, validate=validate.Range(min=1))
        patience_seconds = env.float("PATIENCE_SECONDS", 600.0)
    database_url, amqp_uri = env.str("DATABASE_URL"), env.str("AMQP_URI")
    env.seal()
    return Settings(
        service=service,
        database_url=database_url,
        amqp_uri=amqp_uri,
        at_rest_key=base64.b64decode(key),
        seal_private_key=base64.b64decode(seal_key) if seal_key else None,
        telemetry_host=telemetry_host,
        telemetry_port=telemetry_port,
        partitions=partitions,
        partitions_heard=tuple(heard) or tuple(range(partitions)),
        log_level=level,
        stop_seconds=stop_seconds,
        ahead=ahead,
        patience_seconds=patience_seconds,
    )


def _is_a_key(text: str) -> None:
    try:
        if len(base64.b64decode(text, validate=True)) == 32:
            return
    except binascii.Error:
        pass
    raise ValidationError("须为32字节的base64 | has to be base64 of 32 bytes")  # without the text itself: it may be most of a key
