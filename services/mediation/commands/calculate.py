"""The calculator for clerks: JSON lines in, JSON lines out. Needs no database, no broker, no settings.

echo '{"clock": "confirmation_apply", "started_at": "2026-03-05"}' | python -m services.mediation.commands.calculate
"""

import argparse
import json
import sys
from pathlib import Path

from services.mediation.county_files import CountyFiles, InvalidCountyFiles
from services.mediation.law.calculator import answer
from services.mediation.law.policy import USUAL_POLICY

HELP = """期限计算器：从标准输入读取JSON行，每行给出一行结果，顺序不变。
Deadline calculator: reads JSON lines on standard input and prints one line for each, in order.

  {"clock": token, "started_at": t, "pauses": [[from, to], …], "extensions": [{"consented_at": t, "days": n}, …],
   "restarted_at"?: t, "performed_at"?: t, "as_of"?: t}

t为带时区的时间或者日期 / t is a time with its zone, or a date. 期限一览 / all clocks: docs/deadlines.md
"""


def main(arguments: list[str]) -> int:
    """Answers every line; an invalid line gets its error and does not end the run. Returns 2 if the county's files are invalid."""
    parser = argparse.ArgumentParser(
        prog="python -m services.mediation.commands.calculate", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--county", metavar="DIR", type=Path, help="县级配置目录：用其期限与放假安排 / a county's folder: its periods and calendar are used")
    given = parser.parse_args(arguments)
    policy = USUAL_POLICY
    if given.county:
        try:
            policy = CountyFiles(given.county).policy
        except InvalidCountyFiles as invalid:
            print(invalid, file=sys.stderr)
            return 2
    for line in sys.stdin.buffer:
        text = line.decode("utf-8-sig", "replace")
        sys.stdout.buffer.write(json.dumps(answer(text, policy.holidays, policy.county.rules), ensure_ascii=False).encode() + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BrokenPipeError, KeyboardInterrupt):
        sys.stderr.close()  # whoever read the answers has left
        sys.exit(1)
