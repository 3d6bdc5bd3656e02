"""The calculator for clerks: JSON lines in, JSON lines out. Needs no database, no broker, no settings.

echo '{"clock": "confirmation_apply", "started_at": "2026-03-05"}' | python -m services.mediation.clocks
"""

import argparse
import json
import sys
from pathlib import Path

from services.mediation.clocks.calculator import answer
from services.mediation.clocks.county import County, county, unique
from services.mediation.clocks.mistakes import MakesNoSense
from services.mediation.holidays import CHINA, Holidays, arrangements

HELP = """期限计算器：从标准输入读取JSON行，每行给出一行结果，顺序不变。
Deadline calculator: reads JSON lines on standard input and prints one line for each, in order.

  {"clock": token, "started_at": t, "pauses": [[from, to], …], "extensions": [{"consented_at": t, "days": n}, …],
   "restarted_at"?: t, "performed_at"?: t, "as_of"?: t}

t为带时区的时间或者日期 / t is a time with its zone, or a date. 期限一览 / all clocks: docs/deadlines.md
"""


def main(arguments: list[str]) -> int:
    """Answers every line; a wrong line gets its error and does not end the run. Returns 2 if a file of rules makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m services.mediation.clocks", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--county", metavar="FILE", type=Path, help="本县规则（JSON），仅限LOCAL_RULE与POLICY / the county's own rows, LOCAL_RULE and POLICY only"
    )
    parser.add_argument("--calendar", metavar="FILE", type=Path, help="国务院放假安排（JSON） / official holiday arrangements")
    given = parser.parse_args(arguments)
    try:
        here = county(_read(given.county)) if given.county else County()
        holidays = Holidays(arrangements(_read(given.calendar))) if given.calendar else CHINA
    except MakesNoSense as wrong:
        print(f"{wrong.zh}\n{wrong.en}", file=sys.stderr)
        return 2
    for line in sys.stdin.buffer:
        text = line.decode("utf-8-sig", "replace")
        sys.stdout.buffer.write(json.dumps(answer(text, holidays, here.rules), ensure_ascii=False).encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8-sig"), object_pairs_hook=unique)
    except MakesNoSense:
        raise
    except OSError as gone:
        raise MakesNoSense("unreadable_file", file=path, reason=gone.strerror) from None
    except ValueError:
        raise MakesNoSense("not_json_file", file=path) from None


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BrokenPipeError, KeyboardInterrupt):
        sys.stderr.close()  # whoever read the answers has left
        sys.exit(1)
