"""Settings of the services' processes, from environment variables. The names are FENGQIAO_… except DATABASE_URL and AMQP_URI."""

import base64
import binascii
from dataclasses import dataclass, field

from environs import Env, ValidationError, validate

from contracts.channels import DEFAULT_PARTITIONS

LOOPBACK = ["127.0.0.1", "localhost", "::1"]


@dataclass(frozen=True)
class Settings:
    """Settings of one process. Secrets are excluded from `repr`, so that they are not logged by accident."""

    service: str
    database_url: str = field(repr=False)
    amqp_uri: str = field(repr=False)
    at_rest_key: bytes = field(repr=False)
    seal_private_key: bytes | None = field(default=None, repr=False)  # of intake only: decrypts the party data that agencies encrypt with its public key
    telemetry_host: str = "127.0.0.1"
    telemetry_port: int = 0
    partitions: int = DEFAULT_PARTITIONS
    partitions_heard: tuple[int, ...] = ()
    log_level: str = "INFO"
    stop_seconds: float = 15.0
    ahead: int | None = None  # how many steps intake may publish before mediation has decided the earlier ones; None means the built-in default
    patience_seconds: float = 600.0  # how long mediation waits before it declares a deadline passed that already lay in the past when it was set


@dataclass(frozen=True)
class WebSettings:
    """Settings of a web process. `process` is its name in log lines."""

    host: str
    port: int
    process: str
    log_level: str
    dashboard_hosts: tuple[str, ...]  # host names under which browsers may request the dashboard
    door_hosts: tuple[str, ...]  # host names under which agencies may request intake's HTTP API
    is_demo: bool  # every page of the dashboard states that it shows a demonstration


def load_web_settings(process: str = "web") -> WebSettings:
    """Return the settings of a web process. `process` is the default for its name."""
    env = Env()
    with env.prefixed("FENGQIAO_"):
        return WebSettings(
            host=env.str("HTTP_HOST", "127.0.0.1"),
            port=env.int("HTTP_PORT", 0),
            process=env.str("PROCESS", process),
            log_level=env.str("LOG_LEVEL", "INFO"),
            dashboard_hosts=tuple(env.list("DASHBOARD_HOSTS", LOOPBACK)),
            door_hosts=tuple(env.list("DOOR_HOSTS", LOOPBACK)),
            is_demo=env.bool("DEMO", False),
        )


def load(opens_sealed: bool = True) -> Settings:
    """Return the settings from the environment. Raises `environs.EnvValidationError`, which names all missing or invalid settings.

    `opens_sealed`: whether the process decrypts the party data of reports (intake does, an operator's tool does not); then the private key is required.
    """
    env = Env(eager=False)
    env.read_env(recurse=False)
    with env.prefixed("FENGQIAO_"):
        service = env.str("SERVICE")
        key = env.str("AT_REST_KEY", validate=_validate_key)
        # Without the key intake could not decrypt any report: each would be parked, and later events of its dispute would wait.
        seal_key = env.str("SEAL_PRIVATE_KEY", validate=_validate_key) if service == "intake" and opens_sealed else None
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
    raise ValidationError("须为32字节密钥的base64编码 | must be the base64 encoding of 32 bytes")  # does not quote the value, which may contain most of a key
