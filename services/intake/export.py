"""Command for operators that exports the log of agencies' events, so that another, empty installation can load it (replay).

`./fengqiao log export FILE` on one machine; elsewhere `python -m services.intake.export FILE` with intake's settings. The file must not exist yet; it is readable
by its owner only, because it contains personal data. Exit code 0: exported; 2: the file exists or cannot be written, or the database does not answer.

Each line is a JSON object. First one line for each entry of the log, in order of `seq`: `received_at`, `agency`, `event_id`, `type`, `happened_at`, `refused_for`
(null: accepted), `dispute` (code under which the event was accepted), `report_code` (current code of the report, if the event is a new dispute report), and
`delivery` as it was received (null if it was too large to be stored). At the end one line for each agency with its watermarks.
"""

import base64
import os
import sys
from collections.abc import Iterator

import orjson

from plumbing import settings
from plumbing.pool import DatabaseUnavailable, Pool
from services.intake.store import log, watermarks

PAGE_ROWS = 1000
COLUMNS = ("seq", "received_at", "agency", "event_id", "type", "happened_at", "refused_for", "dispute", "report_code")
WARNING = (
    "警告：导出文件含有当事人个人信息，仅限本人读取；用毕应当删除，不得经不加密的途径传送。\n"
    "Warning: the exported file contains personal data of the parties. Only you can read it; delete it after use, and do not transfer it unencrypted."
)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("用法 | usage: python -m services.intake.export FILE", file=sys.stderr)
        return 2
    print(WARNING, file=sys.stderr)
    try:
        with os.fdopen(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            entries, agencies = write_log(Pool(settings.load(decrypts_party_data=False), 1), file)
    except FileExistsError:
        print("文件已经存在，未导出 | the file exists already, nothing was exported", file=sys.stderr)
        return 2
    except (OSError, DatabaseUnavailable) as problem:
        print(f"未能完整导出，请删除该文件后重试 | the export is incomplete; delete the file and try again: {type(problem).__name__}", file=sys.stderr)
        return 2
    print(f"已导出{entries}条上报、{agencies}个机构的报至时间 | exported {entries} entries and the watermarks of {agencies} agencies")
    return 0


def write_log(pool: Pool, file) -> tuple[int, int]:
    """Write the log, up to its present end, and the watermarks. Return the number of entries and the number of agencies."""
    with pool.transaction() as tx:
        last = tx.rows("select seq from intake.log_head")[0][0]
        stated = watermarks.load_all(tx)
    for entry in _entries(pool, last):
        file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
    for agency, up_to, stated_up_to in stated:
        file.write(orjson.dumps({"watermark": {"agency": agency, "up_to": up_to, "stated_up_to": stated_up_to}}, option=orjson.OPT_APPEND_NEWLINE))
    return last, len(stated)


def _entries(pool, last) -> Iterator[dict]:
    after = 0
    while after < last:
        with pool.transaction() as tx:
            page = [
                {**dict(zip(COLUMNS, values, strict=True)), "delivery": None if encrypted is None else _delivery_fields(tx.unseal(encrypted))}
                for *values, encrypted in log.load_entries_for_export(tx, after, last, PAGE_ROWS)
            ]
        yield from page
        after = page[-1]["seq"]


def _delivery_fields(packed) -> dict:
    """Return a delivery as JSON values. The body is text if it is valid UTF-8, else base64."""
    delivery = log.unpack_delivery(packed)
    try:
        body = {"body": delivery.body.decode()}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(delivery.body).decode()}
    properties = ("content_type", "routing_key", "user_id", "message_id", "headers", "is_undecodable")
    return {**{name: getattr(delivery, name) for name in properties}, **body}


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "intake")
    sys.exit(main(sys.argv[1:]))
