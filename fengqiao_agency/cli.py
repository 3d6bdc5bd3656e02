"""Command line of the client library, `fengqiao-agency`: send an event, watch receipts and notices, show the outbox."""

import json
import logging
import os
import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from .agency import Agency
from .errors import AgencyError, NotConfigured
from .heartbeat import DEFAULT_SECONDS
from .outbox import FINAL_STATES, STATES, Outbox

EXIT_REFUSED, EXIT_USAGE, EXIT_STILL_WAITING = 1, 2, 3

# fmt: off
STATE_LABELS = {
    # State of an event in the outbox → its description in Chinese and English.
    "held":      ("排队等候",      "held until the hub has answered the previous event of the dispute"),
    "waiting":   ("待发送",       "waiting to be sent"),
    "returned":  ("无法投递",     "cannot be delivered; a person must decide: see --resend and --discard"),
    "published": ("已发送",       "sent, no receipt yet"),
    "accepted":  ("已接收",       "accepted, no outcome yet"),
    "refused":   ("未接收",       "refused"),
    "rejected":  ("已接收未生效",  "rejected"),
    "applied":   ("已生效",       "applied"),
}
# fmt: on

app = typer.Typer(
    name="fengqiao-agency",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback could show personal data of the event
    help="枫桥：机构接入工具。上报事件，接收回执和通知。 / Report events to the hub, receive its receipts and notices.\n\n"
    "环境变量 / environment: FENGQIAO_AGENCY 机构代码 (agency code), FENGQIAO_AMQP_URI 消息服务器地址 (broker address), "
    "FENGQIAO_OUTBOX 发件箱文件 (outbox file).",
)


@app.command()
def send(
    type: Annotated[str, typer.Argument(metavar="TYPE", help="事件类型，如 dispute.reported / event type")],
    subject: Annotated[str, typer.Option(help="纠纷编码，或本机构编号 / the dispute's code, or the agency's own report number")],
    data: Annotated[typer.FileText, typer.Option(help="JSON 文件，- 为标准输入 / JSON file, - for standard input")],
    time: Annotated[str | None, typer.Option(help="发生时间，RFC 3339，带时区；默认现在 / time of the event, with time zone; default now")] = None,
    id: Annotated[str | None, typer.Option(help="事件编号，重复使用同一编号无副作用 / event id; sending the same event twice has no effect")] = None,
    wait: Annotated[float, typer.Option(help="等待处理结果的秒数，0 为不等待 / seconds to wait for the outcome; 0: do not wait")] = 30,
):
    """上报一个事件。先写入本机发件箱，断网也不会丢失。 / Report one event. It is stored on disk first and is not lost if the network is down.

    退出码 / exit code: 0 已生效或已接收 (applied or accepted), 1 未接收或未生效 (refused or rejected), 2 填写有误 (invalid input),
    3 仍在等待 (still waiting).
    """
    agency = _open_agency()
    try:
        event_id = agency.report(type, subject, _read_json_object(data), _parse_time(time), id)
    except AgencyError as error:
        _fail(str(error), EXIT_USAGE)
    typer.echo(f"{event_id}  已写入发件箱 / stored in the outbox")
    if wait <= 0:
        return
    agency.start()
    agency.outbox.wait_until(lambda: agency.outbox.find_event(event_id).state in ("returned", *FINAL_STATES), wait)
    problems = agency.problems()
    agency.stop()
    row = agency.outbox.find_event(event_id)
    typer.echo(_format_event(row))
    if row.state in ("held", "waiting", "published"):
        for zh, en in problems:
            typer.echo(f"{zh} / {en}", err=True)
        _fail("事件保存在发件箱，运行 watch 时继续发送。\nThe event is kept in the outbox; run `watch` to continue sending.", EXIT_STILL_WAITING)
    if row.state in ("returned", "refused", "rejected"):
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def alive(
    up_to: Annotated[
        str | None, typer.Option(help="已全部上报至该时间，RFC 3339，带时区；默认现在 / everything up to this time is reported; default now")
    ] = None,
    wait: Annotated[float, typer.Option(help="等待枢纽确认的秒数 / seconds to wait for the hub's confirmation")] = 30,
):
    """声明截至某一时间的事项均已上报，例如批量导入结束时。 / State that everything up to a time is reported, for example at the end of an import.

    退出码 / exit code: 0 已确认 (confirmed), 1 未接收 (refused), 2 填写有误 (invalid input), 3 未确认，请稍后再次运行 (not confirmed; run it again later).
    """
    agency = _open_agency(heartbeat=None)
    try:
        stated = _parse_time(up_to) or datetime.now(UTC)
        event_id = agency.alive(stated)
    except AgencyError as error:
        _fail(str(error), EXIT_USAGE)
    agency.start()
    agency.outbox.wait_until(lambda: _is_confirmed(agency, stated) or agency.outbox.has_refusal(event_id), wait)
    problems = agency.problems()
    agency.stop()
    if agency.outbox.has_refusal(event_id):
        (refusal,) = (receipt.data["reason"] for receipt in agency.receipts() if receipt.event_id == event_id)
        _fail(f"未接收 / refused{_format_reason(refusal)}", EXIT_REFUSED)
    if not _is_confirmed(agency, stated):
        for zh, en in problems:
            typer.echo(f"{zh} / {en}", err=True)
        _fail(
            "尚未确认：须待发件箱中的事件均有回执。请稍后再次运行。\nNot confirmed: every event in the outbox must have a receipt first. Run it again later.",
            EXIT_STILL_WAITING,
        )
    typer.echo(f"已确认：截至 {stated.isoformat()} 均已上报 / confirmed: everything up to {stated.isoformat()} is reported")


def _is_confirmed(agency, up_to):
    confirmed = agency.confirmed_up_to()
    return confirmed is not None and confirmed >= up_to


@app.command()
def watch(
    heartbeat: Annotated[
        float,
        typer.Option(help="每隔若干秒声明已全部上报，0 为不声明 / seconds between two statements that everything is reported; 0: no statements"),
    ] = DEFAULT_SECONDS,
):
    """持续发送发件箱，并显示回执和通知，按 Ctrl-C 结束。 / Send the events of the outbox and show receipts and notices until Ctrl-C."""
    with _open_agency(heartbeat or None) as agency:
        receipt, notice = agency.outbox.newest_cursors()
        shown_problems = []
        try:
            while True:
                if (problems := agency.problems()) != shown_problems:
                    shown_problems = problems
                    for zh, en in shown_problems or [("已连接", "connected")]:
                        typer.echo(f"{_clock_time()}  {zh} / {en}", err=True)
                for message in agency.receipts(receipt):
                    receipt = message.cursor
                    typer.echo(
                        f"{_clock_time()}  {message.type}  {message.event_id or '-'}  {message.dispute or '-'}{_format_reason(message.data.get('reason'))}"
                    )
                for message in agency.notices(notice):
                    notice = message.cursor
                    typer.echo(f"{_clock_time()}  {message.type}  {message.dispute or '-'}  {format_notice(message.data)}")
                agency.outbox.wait_until(lambda r=receipt, n=notice, s=shown_problems: agency.outbox.newest_cursors() != (r, n) or agency.problems() != s, 3600)
        except KeyboardInterrupt:
            typer.echo("", err=True)


@app.command()
def outbox(
    state: Annotated[str | None, typer.Option(help=f"只列出此状态 / list only events in this state: {', '.join(STATES)}")] = None,
    limit: Annotated[int, typer.Option(help="最多列出的事件数 / maximum number of events to list")] = 20,
    resend: Annotated[bool, typer.Option("--resend", help="重发没有回执的事件（无副作用） / send events without a receipt again (has no side effect)")] = False,
    discard: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="作废一个无法投递的事件，同一纠纷的后续事件随即发送 / discard an undeliverable event; later events of its dispute are then sent"
        ),
    ] = None,
):
    """查看发件箱：各状态的数量和最近的事件。 / Show the outbox: the number of events in each state, and the latest events."""
    if state is not None and state not in STATES:
        _fail(f"状态 {state} 不存在。\nUnknown state: {state}.", EXIT_USAGE)
    outbox_file = Outbox(_require_setting("FENGQIAO_OUTBOX", "发件箱文件的路径", "path of the outbox file"))
    if resend:
        typer.echo(f"{outbox_file.resend()} 个事件待重发，由 watch 或 send 发送。 / events will be sent again by `watch` or `send`.")
    if discard is not None and not outbox_file.discard(discard):
        _fail(f"没有编号为 {discard} 的无法投递的事件。\nThere is no undeliverable event with id {discard}.", EXIT_USAGE)
    count_by_state = outbox_file.count_by_state()
    for name in STATES:
        if count_by_state[name]:
            typer.echo(f"{count_by_state[name]:>9}  {name:<10} {' / '.join(STATE_LABELS[name])}")
    if not count_by_state:
        typer.echo("发件箱为空。 / The outbox is empty.")
    for row in reversed(outbox_file.list_recent_events(limit, state)):
        typer.echo(_format_event(row))


def _open_agency(heartbeat=None):
    code = _require_setting("FENGQIAO_AGENCY", "机构代码，如 police", "the agency's code, such as police")
    uri = _require_setting(
        "FENGQIAO_AMQP_URI", "消息服务器地址，如 amqps://police:密码@主机/fengqiao", "the broker's address, such as amqps://police:password@host/fengqiao"
    )
    try:
        return Agency(code, uri, _require_setting("FENGQIAO_OUTBOX", "发件箱文件的路径", "path of the outbox file"), heartbeat)
    except AgencyError as error:
        _fail(str(error), EXIT_USAGE)


def _require_setting(name, zh, en):
    value = os.environ.get(name)
    if not value:
        _fail(str(NotConfigured(name, zh, en)), EXIT_USAGE)
    return value


def _read_json_object(file):
    try:
        data = json.load(file)
    except ValueError as error:
        position = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "-"
        _fail(f"数据不是有效的 JSON（行:列 {position}）。\nThe data is not valid JSON (line:column {position}).", EXIT_USAGE)
    if not isinstance(data, dict):
        _fail("数据应为一个 JSON 对象。\nThe data must be a JSON object.", EXIT_USAGE)
    return data


def _parse_time(text):
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        _fail("时间应为 2026-03-02T09:30:00+08:00 的形式。\nThe time must have the form 2026-03-02T09:30:00+08:00.", EXIT_USAGE)
    return when


def _format_event(row):
    zh, en = STATE_LABELS[row.state]
    return f"{row.id}  {row.type}  {row.dispute or row.subject}  {row.state} {zh} / {en}{_format_reason(row.reason)}"


def _format_reason(reason):
    if not reason:
        return ""
    return "".join(f"\n    {reason[part]}" for part in ("code", "zh", "en") if reason.get(part))


# Field of a notice, and the words with which its value is shown.
NOTICE_FIELDS = (
    ("due_at", "期限 / due {}"),
    ("notice", "不再有效的通知 / no longer holds: {}"),
    ("why", "事由 / because {}"),
    ("handled_by", "现由 / now with {}"),
    ("changed", "已更正 / corrected: {}"),
    ("was", "并入本纠纷 / joined to this dispute: {}"),
    ("into", "并入 / joined to {}"),
)


def format_notice(data: dict) -> str:
    """Return the essential data of a notice as one line: the period, and what the notice says about it or about the dispute."""
    parts = [data.get("clock") or "", *(["停止计算 / paused"] if data.get("paused") else [])]
    for field, words in NOTICE_FIELDS:
        if field in data:
            parts.append(words.format(", ".join(data[field]) or "-" if isinstance(data[field], list) else data[field]))
    return "  ".join(parts)


def _clock_time():
    return time.strftime("%H:%M:%S")


def _fail(text, code):
    typer.echo(text, err=True)
    raise typer.Exit(code)


def main():
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.ERROR)
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # BrokerConnection logs the same errors in its own words
    app()
