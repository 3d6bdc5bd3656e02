"""Settings of the services' processes, read from environment variables. All names begin with FENGQIAO_ except DATABASE_URL and AMQP_URI."""

import base64
import binascii
from dataclasses import dataclass, field

from environs import Env, ValidationError, validate

from contracts.channels import DEFAULT_PARTITIONS

VALIDATION_INTERVAL = 64
LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "::1"]


@dataclass(frozen=True)
class Settings:
    """Settings of one process of a service. Secrets are excluded from `repr`, so that they are not logged by accident."""

    service: str
    database_url: str = field(repr=False)
    amqp_uri: str = field(repr=False)
    at_rest_key: bytes = field(repr=False)
    seal_private_key: bytes | None = field(default=None, repr=False)  # set for intake only; decrypts the party data that agencies encrypt with the public key
    telemetry_host: str = "127.0.0.1"
    telemetry_port: int = 0
    partitions: int = DEFAULT_PARTITIONS
    partitions_heard: tuple[int, ...] = ()
    log_level: str = "INFO"
    stop_seconds: float = 15.0
    ahead: int | None = None  # maximum number of steps that intake publishes before mediation has decided about them; None means the built-in default
    patience_seconds: float = 600.0  # how long mediation waits before it announces a deadline as passed if the deadline was already in the past when it was set


@dataclass(frozen=True)
class WebSettings:
    """Settings of a web process. `process` is the name of the process in log lines."""

    host: str
    port: int
    process: str
    log_level: str
    dashboard_hosts: tuple[str, ...]  # host names under which browsers may request the dashboard
    door_hosts: tuple[str, ...]  # host names under which agencies may request intake's HTTP API
    is_demo: bool  # if true, every page of the dashboard states that it shows a demonstration


def load_web_settings(process: str = "web") -> WebSettings:
    """Return the settings of a web process from the environment. `process` is the default for the name of the process."""
    env = Env()
    with env.prefixed("FENGQIAO_"):
        return WebSettings(
            host=env.str("HTTP_HOST", "127.0.0.1"),
            port=env.int("HTTP_PORT", 0),
            process=env.str("PROCESS", process),
            log_level=env.str("LOG_LEVEL", "INFO"),
            dashboard_hosts=tuple(env.list("DASHBOARD_HOSTS", LOOPBACK_HOSTS)),
            door_hosts=tuple(env.list("DOOR_HOSTS", LOOPBACK_HOSTS)),
            is_demo=env.bool("DEMO", False),
        )


def load_validation_interval() -> int:
    """Return n if one in n published events of each type is validated before it is published; 1 means every event. See plumbing.sampled_validation."""
    env = Env()
    with env.prefixed("FENGQIAO_"):
        return env.int("VALIDATION_INTERVAL", VALIDATION_INTERVAL, validate=validate.Range(min=1))


def load(decrypts_party_data: bool = True) -> Settings:
    """Return the settings from the environment. Raises `environs.EnvValidationError`, which names all missing or invalid settings.

    `decrypts_party_data`: whether the process decrypts the party data of reports (intake does, an operator's tool does not). If true, intake's private
    key is required.
    """
    env = Env(eager=False)
    env.read_env(recurse=False)
    with env.prefixed("FENGQIAO_"):
        service = env.str("SERVICE")
        key = env.str("AT_REST_KEY", validate=_validate_key)
        # The key is required because without it intake would have to park every report with encrypted party data.
        seal_key = env.str("SEAL_PRIVATE_KEY", validate=_validate_key) if service == "intake" and decrypts_party_data else None
        telemetry_host = env.str("TELEMETRY_HOST", "127.0.0.1")
        telemetry_port = env.int("TELEMETRY_PORT", 0)
        partitions = env.int("PARTITIONS", DEFAULT_PARTITIONS, validate=validate.Range(1, 64))
        partitions_heard = env.list("PARTITIONS_HEARD", [], subcast=int)
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
        partitions_heard=tuple(partitions_heard) or tuple(range(partitions)),
        log_level=level,
        stop_seconds=stop_seconds,
        ahead=ahead,
        patience_seconds=patience_seconds,
    )


def _validate_key(text: str) -> None:
    try:
        if len(base64.b64decode(text, validate=True)) == 32:
            return
    except binascii.Error:
        pass
    # The message does not quote the value, which may contain most of a key.
    raise ValidationError("须为32字节密钥的base64编码 | must be the base64 encoding of 32 bytes")
