"""Command for operators that verifies two hash chains: the log of agencies' events and the access log of the safeguard lane.

`./fengqiao log verify` on one machine; elsewhere `python -m services.intake.verify` with intake's settings. Exit code 0: both chains are intact;
1: at least one chain is broken; 2: the database does not answer, so nothing was verified.
"""

import os
import sys

from plumbing import settings
from plumbing.pool import DatabaseUnavailable, Pool
from services.intake.store import lane, log

# Each row names a hash chain in Chinese and English, with the function that verifies the chain.
# fmt: off
CHAINS = (
    # name in Chinese       name in English                     function
    ("上报日志",            "log of agencies' events",          log.CHAIN.verify),
    ("保护专线查阅记录",    "access log of the safeguard lane", lane.ACCESS_LOG.verify),
)
# fmt: on


def main() -> int:
    try:
        with Pool(settings.load(decrypts_party_data=False), 1).transaction() as tx:
            results = [(zh, en, verify(tx)) for zh, en, verify in CHAINS]
    except DatabaseUnavailable as problem:
        print(f"数据库无应答，未能核对 | the database does not answer, nothing was verified: {problem}", file=sys.stderr)
        return 2
    for zh, en, verified in results:
        print(f"{zh}：核对{verified.rows}条，{_result_text(verified, 0)} | {en}: {verified.rows} rows verified, {_result_text(verified, 1)}")
    return 1 if any(verified.broken for _, _, verified in results) else 0


def _result_text(verified, language: int) -> str:
    """Return the text about a verified chain, in Chinese (`language` 0) or English (1)."""
    if not verified.broken:
        return ("哈希链完整", "the hash chain is intact")[language]
    first, count = verified.broken[0], len(verified.broken)
    return (f"哈希链自第{first}条起不符（共{count}处）", f"the hash chain is broken at row {first} (breaks in total: {count})")[language]


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "intake")
    sys.exit(main())
