"""Tests of the program folder of a private RabbitMQ node: it contains only the Erlang applications that the plugins require."""

import pytest

from local import rabbitmq_home

APPLICATION_FILE_TEMPLATE = (
    "{{application, '{name}', [\n  {{vsn, \"1.0\"}},\n  {{modules, []}},\n  {{applications, [kernel,\n    stdlib,{dependencies}]}},\n  {{env, []}}\n]}}."
)
DEPENDENCIES = {
    "rabbit": ["rabbit_common", "'ra'"],
    "rabbit_common": ["recon"],
    "ra": ["aten", "rabbit_common"],
    "aten": ["ra"],  # ra and aten depend on each other
    "recon": [],
    "rabbitmq_prelaunch": ["rabbit_common"],
    "rabbitmq_management": ["rabbit", "cowboy"],
    "cowboy": [],
    "rabbitmq_mqtt": ["rabbit", "ranch"],
    "ranch": [],
}


@pytest.fixture
def installed_rabbitmq(tmp_path):
    """Return the program folder (`sbin`) of a fake RabbitMQ with a few applications, in the folder layout of Debian."""
    for name, dependencies in DEPENDENCIES.items():
        folder = tmp_path / f"rabbitmq_server-1.0/plugins/{name}-1.0/ebin"
        folder.mkdir(parents=True)
        (folder / f"{name}.app").write_text(APPLICATION_FILE_TEMPLATE.format(name=name, dependencies=",".join(["ssl", *dependencies])))
    for folder in ("sbin", "escript"):
        (tmp_path / "rabbitmq_server-1.0" / folder).mkdir()
    program = tmp_path / "rabbitmq_server-1.0/sbin/rabbitmq-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program.parent


def test_rabbitmq_folder_contains_only_the_wanted_applications_and_their_dependencies(installed_rabbitmq, tmp_path):
    sbin = rabbitmq_home.create_home(installed_rabbitmq, tmp_path / "home", ("rabbitmq_management",))

    applications = {folder.name for folder in (tmp_path / "home/plugins").iterdir()}
    assert applications == {f"{name}-1.0" for name in DEPENDENCIES.keys() - {"rabbitmq_mqtt", "ranch"}}
    assert sbin == tmp_path / "home/sbin" and not (sbin / "rabbitmq-server").is_symlink() and (sbin / "rabbitmq-server").stat().st_mode & 0o100


def test_rabbitmq_folder_is_recreated_if_the_plugins_change(installed_rabbitmq, tmp_path):
    rabbitmq_home.create_home(installed_rabbitmq, tmp_path / "home", ("rabbitmq_mqtt",))
    rabbitmq_home.create_home(installed_rabbitmq, tmp_path / "home", ("rabbitmq_management",))

    assert not (tmp_path / "home/plugins/ranch-1.0").exists()


def test_installed_rabbitmq_folder_is_used_if_its_applications_are_archives(tmp_path):
    (tmp_path / "installed/sbin").mkdir(parents=True)
    (tmp_path / "installed/plugins").mkdir()
    (tmp_path / "installed/plugins/rabbit-1.0.ez").touch()

    assert rabbitmq_home.create_home(tmp_path / "installed/sbin", tmp_path / "home", ()) == tmp_path / "installed/sbin"
