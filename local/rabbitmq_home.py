"""A folder that holds RabbitMQ's programs and only those of its Erlang applications that a node needs. It reads and writes files, and starts nothing.

A node loads about 800 modules, and Erlang looks for each in the folder of every application until it is found. RabbitMQ brings 70 applications;
a node with PLUGINS of `rabbitmq.py` needs 29, and with only these its start takes about half the CPU time.
"""

import re
import shutil
from pathlib import Path

ALWAYS = ("rabbit", "rabbitmq_prelaunch")


def make(programs: Path, home: Path, plugins: tuple[str, ...]) -> Path:
    """Makes the folder `home` anew from where RabbitMQ is installed; returns the folder of its programs.

    That is `programs` itself where an application that is needed does not lie beside it as a folder: packed in an archive, or named in another way.
    """
    shutil.rmtree(home, ignore_errors=True)
    applications = {file.stem: file for file in programs.parent.glob("plugins/*/ebin/*.app")}
    if not applications.keys() >= {*ALWAYS, *plugins}:
        return programs
    (home / "plugins").mkdir(parents=True)
    for name in needed(applications, (*ALWAYS, *plugins)):
        folder = applications[name].parents[1]
        (home / "plugins" / folder.name).symlink_to(folder)
    (home / "escript").symlink_to(programs.parent / "escript")
    return Path(shutil.copytree(programs, home / "sbin"))  # by link they would find the way back to all the others


def needed(applications: dict[str, Path], wanted: tuple[str, ...]) -> set[str]:
    """The names of the `wanted` applications and of all that they depend on, directly or not; a dependency missing in `applications` is part of Erlang.

    `applications`: by name, the application resource file (`.app`).
    """
    found, left = set(), set(wanted)
    while left:
        name = left.pop()
        found.add(name)
        left |= (_dependencies(applications[name].read_text("utf-8")) & applications.keys()) - found
    return found


def _dependencies(resource: str) -> set[str]:
    """The names in `{applications,[kernel,stdlib,rabbit_common]}` and `{included_applications,[…]}` of an application resource file's text."""
    lists = re.findall(r"applications\s*,\s*\[([^]]*)]", resource)
    return {name.strip(" \t\n'") for names in lists for name in names.split(",")}
