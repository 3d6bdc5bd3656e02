"""Creates a folder with RabbitMQ's programs and only those of its Erlang applications that a node needs. Starts no process.

A node loads about 800 modules, and Erlang searches the folders of all applications for each. RabbitMQ has 70 applications; a node with the
PLUGINS of `rabbitmq.py` needs 29, and its start takes about half the CPU time with only these.
"""

import re
import shutil
from pathlib import Path

CORE_APPLICATIONS = ("rabbit", "rabbitmq_prelaunch")


def create_home(programs: Path, home: Path, plugins: tuple[str, ...]) -> Path:
    """Recreate the folder `home` from the installed RabbitMQ. Return the folder of its programs.

    Return `programs` unchanged if a required application is not found as a folder: it may be packed in an archive or have another name.
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
    return Path(shutil.copytree(programs, home / "sbin"))  # copied, because linked programs would find the original folder with all applications


def required_applications(applications: dict[str, Path], wanted: tuple[str, ...]) -> set[str]:
    """Return the names of the `wanted` applications and all their dependencies. Dependencies missing in `applications` are part of Erlang.

    `applications` maps names to application resource files (`.app`).
    """
    found, remaining = set(), set(wanted)
    while remaining:
        name = remaining.pop()
        found.add(name)
        remaining |= (_dependencies(applications[name].read_text("utf-8")) & applications.keys()) - found
    return found


def _dependencies(resource: str) -> set[str]:
    """Return the names in `{applications,[…]}` and `{included_applications,[…]}` of an application resource file."""
    lists = re.findall(r"applications\s*,\s*\[([^]]*)]", resource)
    return {name.strip(" \t\n'") for names in lists for name in names.split(",")}
