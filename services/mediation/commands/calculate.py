"""Deadline calculator: reads JSON lines and prints a JSON line for each. Needs no database, broker or environment variables.

echo '{"clock": "confirmation_apply", "started_at": "2026-03-05"}' | python -m services.mediation.commands.calculate
"""

import argparse
import json
import sys
from pathlib import Path

from services.mediation.county_files import CountyFiles, InvalidCountyFiles
from services.mediation.law.calculator import answer
from services.mediation.law.policy import USUAL_POLICY

HELP = """期限计算器：从标准输入逐行读取JSON，每行输出一行结果，顺序不变。
Deadline calculator: reads JSON lines from standard input and prints one result line for each, in order.

  {"clock": token, "started_at": t, "pauses": [[from, to], …], "suspensions": [[from, to], …],
   "extensions": [{"consented_at": t, "days": n, "consented_by"?: [party, …]}, …], "restarted_at"?: t, "performed_at"?: t, "as_of"?: t}

t为带时区的时间或者日期 / t is a time with time zone, or a date. 期限一览 / list of clocks: docs/deadlines.md
"""


def main(arguments: list[str]) -> int:
    """Print a result, or an error, for every input line. Return the exit code: 0, or 2 if the county's files are invalid."""
    parser = argparse.ArgumentParser(
        prog="python -m services.mediation.commands.calculate", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--county", metavar="DIR", type=Path, help="县级配置目录，采用其期限与放假安排 / county folder whose periods and calendar are used")
    options = parser.parse_args(arguments)
    policy = USUAL_POLICY
    if options.county:
        try:
            policy = CountyFiles(options.county).policy
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
        sys.stderr.close()  # print no further message: the reader of the output has closed the pipe
        sys.exit(1)
