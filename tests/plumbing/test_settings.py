"""Tests of the settings from environment variables: one error names all missing or invalid settings, without their values."""

import base64
import os
import subprocess
import sys

import environs
import pytest

from deploy.files import ROOT
from plumbing import settings

VALID_SETTINGS = {
    "FENGQIAO_SERVICE": "notify",
    "FENGQIAO_AT_REST_KEY": base64.b64encode(bytes(32)).decode(),
    "DATABASE_URL": "postgresql://notify:geheim@127.0.0.1/x",
    "AMQP_URI": "amqp://notify:geheim@127.0.0.1/x",
}


@pytest.fixture
def load_settings(monkeypatch, tmp_path):
    """Function that loads the settings from the given environment variables only."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("FENGQIAO_", "DATABASE_URL", "AMQP_")):
            monkeypatch.delenv(name)

    def load(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return settings.load()

    return load


def test_one_error_names_all_missing_settings(load_settings):
    with pytest.raises(environs.EnvValidationError) as refused:
        load_settings()

    assert set(refused.value.error_messages) == {"FENGQIAO_SERVICE", "FENGQIAO_AT_REST_KEY", "DATABASE_URL", "AMQP_URI"}


def test_one_error_names_all_invalid_settings_without_quoting_an_encryption_key(load_settings):
    invalid = {"FENGQIAO_AT_REST_KEY": "geheim!", "FENGQIAO_PARTITIONS": "0", "FENGQIAO_LOG_LEVEL": "loud", "FENGQIAO_TELEMETRY_PORT": "many"}
    with pytest.raises(environs.EnvValidationError) as refused:
        load_settings(**invalid)

    assert set(refused.value.error_messages) == {*invalid, "FENGQIAO_SERVICE", "DATABASE_URL", "AMQP_URI"}
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "AAAA", "*" * 44, base64.b64encode(bytes(33)).decode()])
def test_an_encryption_key_must_be_thirty_two_bytes_in_base64(load_settings, key):
    with pytest.raises(environs.EnvValidationError) as refused:
        load_settings(**VALID_SETTINGS | {"FENGQIAO_AT_REST_KEY": key})

    assert set(refused.value.error_messages) == {"FENGQIAO_AT_REST_KEY"}


def test_the_intake_service_requires_the_private_key_for_encrypted_party_data(load_settings):
    """Without the key, intake would have to park every report with encrypted party data."""
    with pytest.raises(environs.EnvValidationError) as refused:
        load_settings(**VALID_SETTINGS | {"FENGQIAO_SERVICE": "intake"})

    assert set(refused.value.error_messages) == {"FENGQIAO_SEAL_PRIVATE_KEY"}
    assert settings.load(decrypts_party_data=False).seal_private_key is None
    assert load_settings(FENGQIAO_SEAL_PRIVATE_KEY=VALID_SETTINGS["FENGQIAO_AT_REST_KEY"]).seal_private_key == bytes(32)


def test_a_service_process_consumes_every_partition_by_default(load_settings):
    assert load_settings(**VALID_SETTINGS, FENGQIAO_PARTITIONS="3").partitions_heard == (0, 1, 2)
    assert load_settings(FENGQIAO_PARTITIONS_HEARD="2").partitions_heard == (2,)


def test_the_repr_of_settings_contains_no_secret(load_settings):
    assert "geheim" not in repr(load_settings(**VALID_SETTINGS))


def test_a_service_process_without_settings_exits_and_names_the_missing_settings(tmp_path):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FENGQIAO_", "DATABASE_URL", "AMQP_"))}
    done = subprocess.run(
        [sys.executable, "-m", "plumbing.run", "notify"],
        cwd=ROOT,
        env=inherited,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode != 0
    assert all(name in done.stdout for name in VALID_SETTINGS)
