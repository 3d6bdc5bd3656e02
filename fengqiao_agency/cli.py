"""fengqiao-agency: report, watch, and look into the outbox from a terminal or a script."""

import json
import logging
import os
import sys
import time
from datetime import datetime
from typing import Annotated

import typer

from .agency import Agency
from .errors import AgencyError, NotConfigured
from .outbox import OUTCOMES, STATES, Outbox

EXIT_NOT_TAKEN, EXIT_USAGE, EXIT_STILL_WAITING = 1, 2, 3

# fmt: off
STATE_WORDS = {
    "held":      ("排队",         "held until the hub answers the event before it"),
    "waiting":   ("待发送",       "waiting to be sent"),
    "returned":  ("无法投递",     "cannot be delivered, a person must look: see --resend and --discard"),
    "published": ("已发送",       "sent, no receipt yet"),
    "accepted":  ("已接收",       "accepted, outcome to come"),
    "refused":   ("未接收",       "refused"),
    "rejected":  ("已接收未生效",  "rejected"),
    "applied":   ("已生效",       "applied"),
}
# fmt: on

app = typer.Typer(
    name="fengqiao-agency",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a trace would show the data of the event
    help="枫桥：机构接入工具。上报事件，接收回执和通知。 / Report events to the hub, hear its receipts and notices.\n\n"
    "环境变量 / environment: FENGQIAO_AGENCY 机构代码 (agency code), FENGQIAO_AMQP_URI 消息服务器地址 (broker address), "
    "FENGQIAO_OUTBOX 发件箱文件 (outbox file).",
)


@app.command()
def send(
    type: Annotated[str, typer.Argument(metavar="TYPE", help="事件类型，如 dispute.reported / event type")],
    subject: Annotated[str, typer.Option(help="纠纷编码，或本机构编号 / the dispute's code, or your own report number")],
    data: Annotated[typer.FileText, typer.Option(help="JSON 文件，- 为标准输入 / JSON file, - for standard input")],
    time: Annotated[str | None, typer.Option(help="发生时间，RFC 3339，带时区；默认现在 / when it happened, with time zone; default now")] = None,
    id: Annotated[str | None, typer.Option(help="事件编号，重复使用同一编号无副作用 / event id; sending it twice is harmless")] = None,
    wait: Annotated[float, typer.Option(help="等待处理结果的秒数，0 为不等待 / seconds to wait for the outcome, 0 for none")] = 30,
):
    """上报一个事件。先写入本机发件箱，断网也不会丢失。 / Report one event; it is on disk first and survives a lost network.

    退出码 / exit code: 0 已生效或已接收 (applied, accepted), 1 未接收或未生效 (not taken), 2 填写有误 (wrong input), 3 仍在等待 (still waiting).
    """
    agency = _agency()
    try:
        event_id = agency.report(type, subject, _read(data), _when(time), id)
    except AgencyError as error:
        _fail(str(error), EXIT_USAGE)
    typer.echo(f"{event_id}  已写入发件箱 / in the outbox")
    if wait <= 0:
        return
    agency.start()
    agency.outbox.wait_until(lambda: agency.outbox.find(event_id).state in ("returned", *OUTCOMES), wait)
    problems = agency.problems()
    agency.stop()
    row = agency.outbox.find(event_id)
    typer.echo(_line(row))
    if row.state in ("held", "waiting", "published"):
        for zh, en in problems:
            typer.echo(f"{zh} / {en}", err=True)
        _fail("事件保存在发件箱，运行 watch 时继续发送。\nThe event is kept in the outbox; `watch` goes on sending.", EXIT_STILL_WAITING)
    if row.state in ("returned", "refused", "rejected"):
        raise typer.Exit(EXIT_NOT_TAKEN)


@app.command()
def watch():
    """持续发送发件箱，并显示回执和通知，按 Ctrl-C 结束。 / Keep sending the outbox; show receipts and notices until Ctrl-C."""
    with _agency() as agency:
        receipt, notice = agency.outbox.newest()
        shown = []
        try:
            while True:
                if (problems := agency.problems()) != shown:
                    shown = problems
                    for zh, en in shown or [("已连接", "connected")]:
                        typer.echo(f"{_clock()}  {zh} / {en}", err=True)
                for told in agency.receipts(receipt):
                    receipt = told.cursor
                    typer.echo(f"{_clock()}  {told.type}  {told.event_id or '-'}  {told.dispute or '-'}{_reason(told.data.get('reason'))}")
                for told in agency.notices(notice):
                    notice = told.cursor
                    due = told.data.get("due_at")
                    typer.echo(f"{_clock()}  {told.type}  {told.dispute or '-'}  {told.data.get('clock') or ''}{f'  期限 / due {due}' if due else ''}")
                agency.outbox.wait_until(lambda r=receipt, n=notice, s=shown: agency.outbox.newest() != (r, n) or agency.problems() != s, 3600)
        except KeyboardInterrupt:
            typer.echo("", err=True)


@app.command()
def outbox(
    state: Annotated[str | None, typer.Option(help=f"只列出此状态 / only this state: {', '.join(STATES)}")] = None,
    limit: Annotated[int, typer.Option(help="最多列出的事件数 / how many events to list")] = 20,
    resend: Annotated[bool, typer.Option("--resend", help="重发没有回执的事件（无副作用） / send again what has no receipt (harmless)")] = False,
    discard: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="作废一个无法投递的事件，同一纠纷的后续事件随即发送 / drop an event that cannot be delivered; later ones of its dispute go out"
        ),
    ] = None,
):
    """查看发件箱：各状态的数量和最近的事件。 / The outbox: how many events in each state, and the latest."""
    if state is not None and state not in STATES:
        _fail(f"没有状态 {state}。\nThere is no such state: {state}.", EXIT_USAGE)
    box = Outbox(_setting("FENGQIAO_OUTBOX", "发件箱文件的路径", "path of the outbox file"))
    if resend:
        typer.echo(f"{box.resend()} 个事件待重发，由 watch 或 send 发送。 / events set to be sent again, by `watch` or `send`.")
    if discard is not None and not box.discard(discard):
        _fail(f"没有无法投递的事件 {discard}。\nNo event {discard} waits as undeliverable.", EXIT_USAGE)
    counts = box.counts()
    for name in STATES:
        if counts[name]:
            typer.echo(f"{counts[name]:>9}  {name:<10} {' / '.join(STATE_WORDS[name])}")
    if not counts:
        typer.echo("发件箱为空。 / The outbox is empty.")
    for row in reversed(box.recent(limit, state)):
        typer.echo(_line(row))


def _agency():
    code = _setting("FENGQIAO_AGENCY", "机构代码，如 police", "the agency's code, such as police")
    uri = _setting(
        "FENGQIAO_AMQP_URI", "消息服务器地址，如 amqps://police:密码@主机/fengqiao", "the broker's address, such as amqps://police:password@host/fengqiao"
    )
    try:
        return Agency(code, uri, _setting("FENGQIAO_OUTBOX", "发件箱文件的路径", "path of the outbox file"))
    except AgencyError as error:
        _fail(str(error), EXIT_USAGE)


def _setting(name, zh, en):
    value = os.environ.get(name)
    if not value:
        _fail(str(NotConfigured(name, zh, en)), EXIT_USAGE)
    return value


def _read(file):
    try:
        data = json.load(file)
    except ValueError as error:
        place = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "-"
        _fail(f"数据不是有效的 JSON（行:列 {place}）。\nThe data is not valid JSON (line:column {place}).", EXIT_USAGE)
    if not isinstance(data, dict):
        _fail("数据应为一个 JSON 对象。\nThe data must be one JSON object.", EXIT_USAGE)
    return data


def _when(text):
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        _fail("时间应为 2026-03-02T09:30:00+08:00 的形式。\nThe time must look like 2026-03-02T09:30:00+08:00.", EXIT_USAGE)
    return when


def _line(row):
    zh, en = STATE_WORDS[row.state]
    return f"{row.id}  {row.type}  {row.dispute or row.subject}  {row.state} {zh} / {en}{_reason(row.reason)}"


def _reason(reason):
    if not reason:
        return ""
    return "".join(f"\n    {reason[part]}" for part in ("code", "zh", "en") if reason.get(part))


def _clock():
    return time.strftime("%H:%M:%S")


def _fail(text, code):
    typer.echo(text, err=True)
    raise typer.Exit(code)


def main():
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.ERROR)
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # said better by Link's own problems
    app()
