"""An operator's tool: are the log of agencies' events and the record of looks into the safeguard lane as they were written?

`./fengqiao log verify` on one machine; elsewhere `python -m services.intake.verify` with the settings of intake. Ends with 0 if both chains hold,
1 if one does not, 2 if it could not look.
"""

import os
import sys

from plumbing import settings
from plumbing.pool import DatabaseUnavailable, Pool
from services.intake.store import lane, log

# fmt: off
CHAINS = (
    # what is checked                                                    by
    ("上报日志", "log of agencies' events",                              log.CHAIN.verify),
    ("查阅保护专线的记录", "record of looks into the safeguard lane",    lane.LOOKS.verify),
)
# fmt: on


def main() -> int:
    try:
        with Pool(settings.load(opens_sealed=False), 1).transaction() as tx:
            found = [(zh, en, check(tx)) for zh, en, check in CHAINS]
    except DatabaseUnavailable as problem:
        print(f"数据库无应答，未能核对 | the database does not answer, nothing was checked: {problem}", file=sys.stderr)
        return 2
    for zh, en, checked in found:
        print(f"{zh}：核对{checked.rows}条，{_said(checked, 0)} | {en}: {checked.rows} rows checked, {_said(checked, 1)}")
    return 1 if any(checked.broken for _, _, checked in found) else 0


def _said(checked, language: int) -> str:
    if not checked.broken:
        return ("哈希链完整", "the hash chain holds")[language]
    first, count = checked.broken[0], len(checked.broken)
    return (f"哈希链自第{first}条起不符（共{count}处）", f"the hash chain does not hold at row {first} (places: {count})")[language]


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "intake")
    sys.exit(main())
