"""Creates a folder with RabbitMQ's programs and only those of its Erlang applications that a node needs, so that the node starts faster.

RabbitMQ has 70 Erlang applications. A node with the PLUGINS of `rabbitmq.py` needs 29 of them and starts with about half the CPU time if only these
are in the folder: a node loads about 800 modules, and Erlang searches the folders of all applications for each module.
"""

import re
import shutil
from pathlib import Path

CORE_APPLICATIONS = ("rabbit", "rabbitmq_prelaunch")


def create_home(programs: Path, home: Path, plugins: tuple[str, ...]) -> Path:
    """Recreate the folder `home` from the installed RabbitMQ. Return the folder of the programs in it.

    If a required application is not found as a folder (it may be an archive or have another name), nothing is created and `programs` is returned.
    """
    shutil.rmtree(home, ignore_errors=True)
    applications = {file.stem: file for file in programs.parent.glob("plugins/*/ebin/*.app")}
    if not applications.keys() >= {*CORE_APPLICATIONS, *plugins}:
        return programs
    (home / "plugins").mkdir(parents=True)
    for name in required_applications(applications, (*CORE_APPLICATIONS, *plugins)):
        folder = applications[name].parents[1]
        (home / "plugins" / folder.name).symlink_to(folder)
    (home / "escript").symlink_to(programs.parent / "escript")
    return Path(shutil.copytree(programs, home / "sbin"))  # copied, not linked: linked programs would find the original folder with all applications


def required_applications(applications: dict[str, Path], wanted: tuple[str, ...]) -> set[str]:
    """Return the names of the `wanted` applications and of all their dependencies. Dependencies that are part of Erlang itself are left out.

    `applications` maps the names of RabbitMQ's applications to their application resource files (`.app`).
    """
    found, remaining = set(), set(wanted)
    while remaining:
        name = remaining.pop()
        found.add(name)
        remaining |= (_dependencies(applications[name].read_text("utf-8")) & applications.keys()) - found
    return found


def _dependencies(resource: str) -> set[str]:
    """Return the names of the applications on which an Erlang application depends, read from its application resource file (`.app`)."""
    lists = re.findall(r"applications\s*,\s*\[([^]]*)]", resource)
    return {name.strip(" \t\n'") for names in lists for name in names.split(",")}
