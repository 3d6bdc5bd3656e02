"""Commands `recover` and `rebuild` for the system in a run directory."""

import argparse
import sys

from deploy import rebuild, recovery
from local.progress import CannotContinue, print_message, timed_step
from local.servers import Servers
from services.intake.recovery import CODE_MARGIN


def recover(arguments: list[str]) -> int:
    """Recover the system in the run directory, which must not be running. Raises CannotContinue."""
    parser = argparse.ArgumentParser(prog="./fengqiao recover", description="数据丢失后的恢复 | repair after a loss of data")
    parser.add_argument("--skip-codes", type=int, default=CODE_MARGIN, metavar="N", help="跳过的编码数（恢复过数据库时） | codes left unused after a restore")
    parser.add_argument("--force", action="store_true", help="未发现丢失也执行 | also if no loss is found")
    options = parser.parse_args(arguments)
    with Servers() as servers:
        try:
            return recovery.recover(servers, options.skip_codes, options.force)
        except recovery.CannotRecover as reason:
            raise CannotContinue(str(reason)) from None


def rebuild_tables(arguments: list[str], endpoints: dict, keys: dict) -> int:
    """Rebuild the service named by the only argument. `endpoints`, `keys`: contents of endpoints.json and secrets.json of the run directory."""
    if len(arguments) != 1 or arguments[0] not in rebuild.REBUILDABLE:
        print(f"用法 | usage: ./fengqiao rebuild {'|'.join(rebuild.REBUILDABLE)}", file=sys.stderr)
        return 2
    databases = {name: addresses["database"] for name, addresses in endpoints["services"].items()}
    with timed_step(f"由记录重建{arguments[0]}", f"rebuilding {arguments[0]} from the record"):
        count, requeued = rebuild.rebuild_service(arguments[0], databases, endpoints["database_admin"], keys)
    print_message(f"处理{count}个事件；重新发布{requeued}条消息", f"{count} events processed; {requeued} messages published again")
    return 0
