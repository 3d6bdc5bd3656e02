"""Operator's tool for parked events and dead letters: `python -m plumbing.parked list`.

A *parked* event is an event that a service could not process (see plumbing.failed_events). The tool records the operator's decision, replay or
discard, in the service's database; the service itself carries it out within a second, or at its next start. Every action is recorded in the table
`parked_actions` with the operator's name.

Environment variables: FENGQIAO_RELAY, the path of a JSON file {service: {"database": url}}; or DATABASE_URL and FENGQIAO_SERVICE for one service.
For the decryption of events FENGQIAO_AT_REST_KEYS, JSON {service: key}; or FENGQIAO_AT_REST_KEY. For dead letters AMQP_URI with a broker user that
may read them and publish on behalf of other users, such as the administrator.
"""

import base64
import contextlib
import getpass
import json
import os
from pathlib import Path

import orjson
import pika
import psycopg2
import typer
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from rich.console import Console
from rich.table import Table

from contracts import safeguard
from contracts.channels import DEAD_LETTERS, SEALED_STREAMS, UNROUTED, exchange_of, service_of
from plumbing import pool
from plumbing.bundles import count_events
from plumbing.events import UNREADABLE, Delivery
from plumbing.logs import describe

app = typer.Typer(
    help="被搁置的事件：查看、重放、作废 | Parked events: show, replay, discard.", add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False
)
console = Console(width=None if os.environ.get("COLUMNS") or Console().is_terminal else 200)

LIST_SQL = """
select p.id, p.status, p.source, p.subject, p.event_id, p.type, p.attempts, p.reason, date_trunc('second', p.parked_at),
       (select count(*) from waiting w where w.source = p.source and w.subject = p.subject)
  from parked p order by p.id
"""
SHOW_SQL = """
select id, status, source, subject, sequence, event_id, type, attempts, reason, parked_at, next_attempt_at, delivery,
       (select count(*) from waiting w where w.source = p.source and w.subject = p.subject)
  from parked p where id = %s
"""
HISTORY_SQL = "select at, who, action, note from parked_actions where source = %s and subject = %s and event_id = %s order by id"
SET_STATUS = """
with marked as (update parked set status = %(status)s, next_attempt_at = now() where id = any(%(rows)s) returning source, subject, event_id)
insert into parked_actions (who, action, source, subject, event_id, note) select %(who)s, %(action)s, source, subject, event_id, %(note)s from marked
"""
DISCARD_CONFLICT_SQL = """
with discarded as (delete from parked where id = any(%(rows)s) and status = 'conflict' returning source, subject, event_id)
insert into parked_actions (who, action, source, subject, event_id, note) select %(who)s, 'discard', source, subject, event_id, %(note)s from discarded
"""
DISCARD_UNREADABLE_SQL = """
with discarded as (delete from parked where id = any(%(rows)s) and source = %(unreadable)s returning source, subject, event_id),
     deleted_heard as (delete from heard h using discarded d where h.source = d.source and h.subject = d.subject)
insert into parked_actions (who, action, source, subject, event_id, note) select %(who)s, 'discard', source, subject, event_id, %(note)s from discarded
"""
INSERT_ACTION_SQL = "insert into parked_actions (who, action, source, subject, event_id, note) values (%s, %s, %s, %s, %s, %s)"

SERVICE_ARGUMENT = typer.Argument(help="服务 | the service in which the event is parked")
NUMBER_ARGUMENT = typer.Argument(metavar="ID", help="列表中的编号 | the number in the list")
OPERATOR_OPTION = typer.Option(default_factory=getpass.getuser, help="操作人 | the operator's name")


@app.command("list")
def list_parked(service: str = typer.Option("", help="仅列出该服务 | only this service")):
    """列出被搁置的事件、原因及其后等待的事件数 | List parked events, with the reason and the number of events waiting behind each."""
    table = Table(
        "服务 service",
        "ID",
        "状态 status",
        "来源 source",
        "纠纷 dispute",
        "事件 event",
        "类型 type",
        "次数 tries",
        "原因 reason",
        "始于 since",
        "其后等待 waiting",
    )
    for name in _select_services(service):
        with _open_cursor(name) as cursor:
            cursor.execute(LIST_SQL)
            for row in map(_mask_list_row, cursor.fetchall()):
                table.add_row(name, *(f"{cell:%Y-%m-%d %H:%M:%S}" if hasattr(cell, "year") else str(cell) for cell in row))
    if table.row_count:
        console.print(table)
    else:
        console.print("没有被搁置的事件 | no event is parked")


@app.command()
def show(
    service: str = SERVICE_ARGUMENT,
    row: int = NUMBER_ARGUMENT,
    body: bool = typer.Option(
        False, "--body", help="显示内容（可能含当事人信息，查看行为将予记录） | show the content, which may name parties; this is recorded"
    ),
    who: str = OPERATOR_OPTION,
):
    """显示一个事件的信封与操作记录 | Show one event's envelope and the actions of operators."""
    with _open_cursor(service) as cursor:
        *envelope, encrypted, waiting = _load_parked(cursor, service, row)
        names = ("id", "status", "source", "dispute", "sequence", "event_id", "type", "attempts", "reason", "since", "next_attempt_at")
        table = Table(show_header=False, box=None)
        for name, value in zip(names, envelope if body else _mask_safeguarded(envelope, 2, (3, 4, 5, 6)), strict=True):
            table.add_row(name, "–" if value is None else str(value))
        table.add_row("waiting behind", str(waiting))
        console.print(table)
        event = (envelope[2], envelope[3], envelope[5])
        if body:
            delivery = _decrypt(service, bytes(encrypted))
            cursor.execute(INSERT_ACTION_SQL, (who, "read", *event, ""))
            _print_body(delivery)
        cursor.execute(HISTORY_SQL, event)
        for at, operator, action, note in cursor.fetchall():
            console.print(f"{at:%Y-%m-%d %H:%M:%S} {operator} {action} {note}".rstrip(), highlight=False, markup=False)


@app.command()
def replay(
    service: str = typer.Argument("", help="服务；省略则为全部 | the service; default: all"),
    row: int | None = typer.Argument(None, metavar="ID", help="编号；省略则按条件选择 | the number in the list; default: all that match the options"),
    type: str = typer.Option("", help="该类型的全部 | all events of this type"),
    reason: str = typer.Option("", help="原因含有此文字的全部 | all events whose reason contains this text"),
    everything: bool = typer.Option(False, "--all", help="全部 | all parked events"),
    who: str = OPERATOR_OPTION,
    note: str = typer.Option("", help="说明 | a note for the record"),
):
    """原因消除后重新处理 | Process events again, after the cause has been corrected."""
    if row is None and not (type or reason or everything):
        raise typer.BadParameter("须指明编号，或者使用 --type、--reason、--all | give a number, or --type, --reason or --all")
    total = 0
    for name in _select_services(service):
        with _open_cursor(name) as cursor:
            if row is not None and _load_parked(cursor, name, row)[1] == "conflict":
                raise typer.BadParameter("与其他纪元的事件矛盾，只能作废 | the event contradicts one of another epoch; it can only be discarded")
            cursor.execute(
                "select id from parked where (%(row)s is null or id = %(row)s) and (%(type)s = '' or type = %(type)s)"
                " and strpos(reason, %(reason)s) > 0 and (%(row)s is not null or status = 'parked')",
                {"row": row, "type": type, "reason": reason},
            )
            rows = [found for (found,) in cursor.fetchall()]
            cursor.execute(SET_STATUS, {"status": "retry", "rows": rows, "who": who, "action": "replay", "note": note})
            total += len(rows)
    console.print(f"{total}个事件将重新处理 | events to be processed again: {total}")


@app.command()
def discard(
    service: str = SERVICE_ARGUMENT,
    row: int = NUMBER_ARGUMENT,
    note: str = typer.Option(help="原因，记入操作记录 | the reason, for the record"),
    who: str = OPERATOR_OPTION,
):
    """作废：该事件不产生效力，告知上报机构，其后的事件继续处理 | Discard an event: it has no effect, the agency is informed, later events are processed."""
    if not note.strip():
        raise typer.BadParameter("须说明原因 | a reason is required", param_hint="--note")
    with _open_cursor(service) as cursor:
        _, status, source, *_ = _load_parked(cursor, service, row)
        if status == "conflict":  # it blocks nothing and had no effect: intake or mediation must not tell anybody of it
            cursor.execute(DISCARD_CONFLICT_SQL, {"rows": [row], "who": who, "note": note})
        elif source == UNREADABLE:  # an unreadable message contains no event whose outcome a service could report, so the tool deletes it
            cursor.execute(DISCARD_UNREADABLE_SQL, {"rows": [row], "unreadable": UNREADABLE, "who": who, "note": note})
        else:
            cursor.execute(SET_STATUS, {"status": "discard", "rows": [row], "who": who, "action": "discard", "note": note})
    console.print("已作废 | discarded")


@app.command("dead-letters")
def dead_letters(
    put_back: bool = typer.Option(False, "--put-back", help="送回原处 | publish them to their original destination again"),
    queue: str = typer.Option("", help=f"仅此队列 | only this queue: {DEAD_LETTERS}, {UNROUTED}"),
    message: str = typer.Option("", "--id", help="仅处理该编号的消息 | only the message with this id"),
    at_most: int = typer.Option(1000, help="最多条数 | maximum number of messages"),
):
    """列出消息服务器放弃投递或者无法路由的消息 | List messages that the broker gave up delivering or could not route."""
    table = Table("队列 queue", "消息 id", "事件数 events", "字节 bytes", "原队列 queue before", "原因 reason", "发布至 published to", "结果 result")
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URI"]))
    try:
        for name in [queue] if queue else [DEAD_LETTERS, UNROUTED]:
            _list_messages(connection, name, put_back, message, at_most, table)
    except pika.exceptions.ChannelClosedByBroker as refused:
        raise SystemExit(f"消息服务器拒绝 | the broker refuses: {refused.reply_text}") from None
    finally:
        connection.close()  # the broker requeues the unacknowledged messages
    if table.row_count:
        console.print(table)
    else:
        console.print("没有此类消息 | no such message")


def _list_messages(connection, queue, put_back, message, at_most, table):
    channel = connection.channel()
    channel.confirm_delivery()
    message_count = channel.queue_declare(queue, passive=True).method.message_count
    for _ in range(min(message_count, at_most)):
        method, properties, body = channel.basic_get(queue)
        if method is None:
            break
        death = ((properties.headers or {}).get("x-death") or [{}])[0]
        exchange = death.get("exchange", method.exchange)
        key = (death.get("routing-keys") or [method.routing_key])[0]
        result = ""
        if put_back and message in ("", properties.message_id):
            result = _put_back(channel, exchange, key, properties, body)
            if result == "sent":
                channel.basic_ack(method.delivery_tag)
        # Id and routing key of a sealed event are hidden, because they would reveal which dispute is in the safeguard lane.
        is_sealed = exchange in map(exchange_of, SEALED_STREAMS.values())
        message_id, destination = ("–", exchange) if is_sealed else (properties.message_id or "–", f"{exchange} {key}")
        table.add_row(
            queue, message_id, str(count_events(body)), str(len(body)), death.get("queue", "–"), death.get("reason", "unroutable"), destination, result
        )


def _put_back(channel, exchange, key, properties, body):
    """Publish the dead letter to its original exchange and routing key. Return the result as text. Listeners recognise duplicates."""
    copied = pika.BasicProperties(
        content_type=properties.content_type,
        headers={name: value for name, value in (properties.headers or {}).items() if not str(name).startswith("x-")},
        delivery_mode=2,
        message_id=properties.message_id,
        user_id=properties.user_id,
    )
    try:
        channel.basic_publish(exchange, key, body, copied, mandatory=True)
    except (pika.exceptions.UnroutableError, pika.exceptions.NackError):
        return "no queue accepts it"
    return "sent"


# ── databases ──────────────────────────────────────────────────────────────────────────────────────────────────


def _select_services(chosen: str) -> list[str]:
    names = list(_database_urls())
    if chosen and chosen not in names:
        raise typer.BadParameter(f"没有这个服务 | there is no such service: {chosen}")
    return [chosen] if chosen else names


def _database_urls() -> dict[str, str]:
    if path := os.environ.get("FENGQIAO_RELAY"):
        return {name: urls["database"] for name, urls in json.loads(Path(path).read_text("utf-8")).items()}
    return {os.environ["FENGQIAO_SERVICE"]: os.environ["DATABASE_URL"]}


@contextlib.contextmanager
def _open_cursor(service):
    """Yield a cursor of one transaction on the service's database, connected with the service's own role."""
    (service,) = _select_services(service)
    connection = pool.connect(_database_urls()[service])
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _mask_list_row(row):
    """Mask a row of LIST_SQL if its event belongs to the safeguard lane. Columns 2 to 5 are source, dispute, event id and event type."""
    return _mask_safeguarded(row, 2, (3, 4, 5))


def _mask_safeguarded(row, source, columns):
    """Return the row unchanged, or masked if its event belongs to the safeguard lane (events that only police, courts and women's federation see).

    Masked: `columns` contain a dash, and column `source` contains the service instead of the sealed stream. Only `show --body` reveals which dispute
    is in the safeguard lane, and each use of it is recorded.
    """
    type = row[columns[-1]]
    if not safeguard.must_hide_dispute(row[source], type):
        return row
    return [service_of(cell) if column == source else "–" if column in columns else cell for column, cell in enumerate(row)]


def _load_parked(cursor, service, row):
    cursor.execute(SHOW_SQL, (row,))
    found = cursor.fetchone()
    if found is None:
        raise typer.BadParameter(f"{service} 没有编号为 {row} 的搁置事件 | no event with number {row} is parked in {service}")
    return found


def _decrypt(service, encrypted) -> Delivery:
    keys = json.loads(os.environ.get("FENGQIAO_AT_REST_KEYS", "{}"))
    key = keys.get(service) or os.environ.get("FENGQIAO_AT_REST_KEY")
    if not key:
        raise typer.BadParameter("需要该服务的静态加密密钥 | the service's encryption key is required: FENGQIAO_AT_REST_KEY")
    try:
        return Delivery.unpack(SecretBox(base64.b64decode(key)).decrypt(encrypted))
    except CryptoError:
        raise typer.BadParameter("密钥不符 | the event was encrypted with another key") from None


def _print_body(delivery: Delivery):
    envelope = {"content_type": delivery.content_type, "routing_key": delivery.routing_key, "user_id": delivery.user_id, "headers": delivery.headers}
    console.print_json(data=envelope)
    try:
        orjson.loads(delivery.body)
        console.print_json(delivery.body.decode())
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        console.print(repr(delivery.body), markup=False)


def main():
    try:
        app()
    except psycopg2.OperationalError as error:
        raise SystemExit(f"数据库无法访问 | the database cannot be reached: {describe(error)}") from None


if __name__ == "__main__":
    main()
