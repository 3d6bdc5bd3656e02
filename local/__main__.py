"""What each word of `./fengqiao` means. First with any Python and the standard library only, then again inside the environment."""

import os
import sys

from local import environment
from local.places import VENV
from local.progress import CannotGoOn
from local.words import WORDS


def main(arguments: list[str]) -> int:
    name, *rest = arguments or ["help"]
    word = WORDS.get("help" if name in ("-h", "--help") else name)
    if not word:
        print(f"没有“{name}”这个命令 | there is no word “{name}”; ./fengqiao help", file=sys.stderr)
        return 2
    try:
        if word.needs:
            python = environment.make(word.needs)
            if os.path.realpath(sys.prefix) != os.path.realpath(VENV):
                os.execv(python, [str(python), "-m", "local", name, *rest])
        if not word.module.startswith("commands."):
            os.execv(sys.executable, [sys.executable, "-m", word.module, *rest])
        from local import commands

        return getattr(commands, word.module.removeprefix("commands."))(rest) or 0
    except CannotGoOn as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
