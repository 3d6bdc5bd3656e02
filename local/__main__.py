"""Entry point of `./fengqiao`: runs one command.

It starts with any Python and only the standard library. If the command needs packages, it starts itself again with the Python of `.venv`.
"""

import os
import sys

from local import environment
from local.command_table import COMMANDS
from local.paths import VENV
from local.progress import CannotContinue


def main(arguments: list[str]) -> int:
    name, *rest = arguments or ["help"]
    command = COMMANDS.get("help" if name in ("-h", "--help") else name)
    if not command:
        print(f"没有“{name}”这个命令 | unknown command “{name}”; see ./fengqiao help", file=sys.stderr)
        return 2
    try:
        if command.requirements:
            python = environment.ensure_environment(command.requirements)
            if os.path.realpath(sys.prefix) != os.path.realpath(VENV):
                os.execv(python, [str(python), "-m", "local", name, *rest])
        if not command.module.startswith("commands."):
            os.execv(sys.executable, [sys.executable, "-m", command.module, *rest])
        from local import commands

        return getattr(commands, command.module.removeprefix("commands."))(rest) or 0
    except CannotContinue as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
