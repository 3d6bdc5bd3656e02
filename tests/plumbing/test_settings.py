"""Is a wrong setting said at once, with all others that are wrong, and without its value?"""

import base64
import os
import subprocess
import sys

import environs
import pytest

from deploy.files import ROOT
from plumbing import settings

RIGHT = {
    "FENGQIAO_SERVICE": "notify",
    "FENGQIAO_AT_REST_KEY": base64.b64encode(bytes(32)).decode(),
    "DATABASE_URL": "postgresql://notify:geheim@127.0.0.1/x",
    "AMQP_URI": "amqp://notify:geheim@127.0.0.1/x",
}


@pytest.fixture
def told(monkeypatch, tmp_path):
    """told(NAME=value) is all that the environment says."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("FENGQIAO_", "DATABASE_URL", "AMQP_")):
            monkeypatch.delenv(name)

    def told(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return settings.load()

    return told


def test_everything_that_is_missing_is_named_at_once(told):
    with pytest.raises(environs.EnvValidationError) as refused:
        told()

    assert set(refused.value.error_messages) == {"FENGQIAO_SERVICE", "FENGQIAO_AT_REST_KEY", "DATABASE_URL", "AMQP_URI"}


def test_everything_that_is_wrong_is_named_at_once_and_no_key_is_repeated(told):
    wrong = {"FENGQIAO_AT_REST_KEY": "geheim!", "FENGQIAO_PARTITIONS": "0", "FENGQIAO_LOG_LEVEL": "loud", "FENGQIAO_TELEMETRY_PORT": "many"}
    with pytest.raises(environs.EnvValidationError) as refused:
        told(**wrong)

    assert set(refused.value.error_messages) == {*wrong, "FENGQIAO_SERVICE", "DATABASE_URL", "AMQP_URI"}
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "AAAA", "*" * 44, base64.b64encode(bytes(33)).decode()])
def test_a_key_is_thirty_two_bytes(told, key):
    with pytest.raises(environs.EnvValidationError) as refused:
        told(**RIGHT | {"FENGQIAO_AT_REST_KEY": key})

    assert set(refused.value.error_messages) == {"FENGQIAO_AT_REST_KEY"}


def test_intake_does_not_start_without_the_key_that_opens_sealed_reports(told):
    """Every sealed report would be parked, and an agency must not be told to seal it again, for nothing."""
    with pytest.raises(environs.EnvValidationError) as refused:
        told(**RIGHT | {"FENGQIAO_SERVICE": "intake"})

    assert set(refused.value.error_messages) == {"FENGQIAO_SEAL_PRIVATE_KEY"}
    assert settings.load(opens_sealed=False).seal_private_key is None
    assert told(FENGQIAO_SEAL_PRIVATE_KEY=RIGHT["FENGQIAO_AT_REST_KEY"]).seal_private_key == bytes(32)


def test_a_copy_hears_every_partition_unless_told_which(told):
    assert told(**RIGHT, FENGQIAO_PARTITIONS="3").partitions_heard == (0, 1, 2)
    assert told(FENGQIAO_PARTITIONS_HEARD="2").partitions_heard == (2,)


def test_secrets_stay_out_of_sight(told):
    assert "geheim" not in repr(told(**RIGHT))


def test_a_process_ends_at_once_and_says_why(tmp_path):
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
    assert all(name in done.stdout for name in RIGHT)
