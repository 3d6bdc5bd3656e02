"""RabbitMQ's own programs beside only those of its applications that a node needs.

A node loads some eight hundred modules, and Erlang looks for each in every application's folder in turn. Of the seventy that
RabbitMQ brings a node without federation, MQTT and the like needs thirty: it starts in two thirds of the time.
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
    """`wanted`, and what these say that they are built on. What is not in `applications` comes with Erlang."""
    found, left = set(), set(wanted)
    while left:
        name = left.pop()
        found.add(name)
        left |= (_built_on(applications[name].read_text("utf-8")) & applications.keys()) - found
    return found


def _built_on(resource: str) -> set[str]:
    """From an Erlang application resource file: `{applications,[kernel,stdlib,rabbit_common]}` and `{included_applications,[…]}`."""
    lists = re.findall(r"applications\s*,\s*\[([^]]*)]", resource)
    return {name.strip(" \t\n'") for names in lists for name in names.split(",")}
