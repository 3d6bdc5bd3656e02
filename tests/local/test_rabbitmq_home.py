"""Does a private RabbitMQ node have the applications that its plugins depend on, and no others?"""

import pytest

from local import rabbitmq_home

RESOURCE = "{{application, '{name}', [\n  {{vsn, \"1.0\"}},\n  {{modules, []}},\n  {{applications, [kernel,\n    stdlib,{built_on}]}},\n  {{env, []}}\n]}}."
BUILT_ON = {
    "rabbit": ["rabbit_common", "'ra'"],
    "rabbit_common": ["recon"],
    "ra": ["aten", "rabbit_common"],
    "aten": ["ra"],  # a circle ends
    "recon": [],
    "rabbitmq_prelaunch": ["rabbit_common"],
    "rabbitmq_management": ["rabbit", "cowboy"],
    "cowboy": [],
    "rabbitmq_mqtt": ["rabbit", "ranch"],
    "ranch": [],
}


@pytest.fixture
def installed(tmp_path):
    """A small RabbitMQ in the folders of Debian's package; returns the folder of its programs (`sbin`)."""
    for name, built_on in BUILT_ON.items():
        folder = tmp_path / f"rabbitmq_server-1.0/plugins/{name}-1.0/ebin"
        folder.mkdir(parents=True)
        (folder / f"{name}.app").write_text(RESOURCE.format(name=name, built_on=",".join(["ssl", *built_on])))
    for folder in ("sbin", "escript"):
        (tmp_path / "rabbitmq_server-1.0" / folder).mkdir()
    program = tmp_path / "rabbitmq_server-1.0/sbin/rabbitmq-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program.parent


def test_it_has_what_is_wanted_and_all_that_this_is_built_on(installed, tmp_path):
    sbin = rabbitmq_home.make(installed, tmp_path / "home", ("rabbitmq_management",))

    there = {folder.name for folder in (tmp_path / "home/plugins").iterdir()}
    assert there == {f"{name}-1.0" for name in BUILT_ON.keys() - {"rabbitmq_mqtt", "ranch"}}
    assert sbin == tmp_path / "home/sbin" and not (sbin / "rabbitmq-server").is_symlink() and (sbin / "rabbitmq-server").stat().st_mode & 0o100


def test_it_is_made_anew_when_rabbitmq_was_replaced(installed, tmp_path):
    rabbitmq_home.make(installed, tmp_path / "home", ("rabbitmq_mqtt",))
    rabbitmq_home.make(installed, tmp_path / "home", ("rabbitmq_management",))

    assert not (tmp_path / "home/plugins/ranch-1.0").exists()


def test_a_rabbitmq_of_another_shape_is_used_as_it_is(tmp_path):
    (tmp_path / "installed/sbin").mkdir(parents=True)
    (tmp_path / "installed/plugins").mkdir()
    (tmp_path / "installed/plugins/rabbit-1.0.ez").touch()

    assert rabbitmq_home.make(tmp_path / "installed/sbin", tmp_path / "home", ()) == tmp_path / "installed/sbin"
