"""The operator's tool for what could not be applied: `python -m plumbing.parked list`. Knows envelopes, no dispute.

It only marks what a person decided: the service itself takes the event up again, within a second or when it runs again. Everything
that is done is written down in `parked_actions`, with who did it.

Where the services are: FENGQIAO_RELAY, a JSON file {service: {"database": url}}; or DATABASE_URL and FENGQIAO_SERVICE for one.
To read what events carry: FENGQIAO_AT_REST_KEYS, JSON {service: key}; or FENGQIAO_AT_REST_KEY. For dead letters: AMQP_URI of a user
that may read them and publish in others' names, such as the administrator.
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
from contracts.channels import DEAD_LETTERS, SEALED, UNROUTED, exchange_of, service_of
from plumbing import pool
from plumbing.events import UNREADABLE, Delivery
from plumbing.logs import describe

app = typer.Typer(
    help="被搁置的事件：查看、重放、作废 | Parked events: look, replay, discard.", add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False
)
console = Console(width=None if os.environ.get("COLUMNS") or Console().is_terminal else 200)

LIST = """
select p.id, p.status, p.source, p.subject, p.event_id, p.type, p.attempts, p.reason, date_trunc('second', p.parked_at),
       (select count(*) from waiting w where w.source = p.source and w.subject = p.subject)
  from parked p order by p.id
"""
SHOW = """
select id, status, source, subject, sequence, event_id, type, attempts, reason, parked_at, next_attempt_at, delivery,
       (select count(*) from waiting w where w.source = p.source and w.subject = p.subject)
  from parked p where id = %s
"""
HISTORY = "select at, who, action, note from parked_actions where source = %s and subject = %s and event_id = %s order by id"
MARK = """
with marked as (update parked set status = %(status)s, next_attempt_at = now() where id = any(%(rows)s) returning source, subject, event_id)
insert into parked_actions (who, action, source, subject, event_id, note) select %(who)s, %(action)s, source, subject, event_id, %(note)s from marked
"""
DROP = """
with dropped as (delete from parked where id = any(%(rows)s) and source = %(unreadable)s returning source, subject, event_id),
     heard_no_more as (delete from heard h using dropped d where h.source = d.source and h.subject = d.subject)
insert into parked_actions (who, action, source, subject, event_id, note) select %(who)s, 'discard', source, subject, event_id, %(note)s from dropped
"""
NOTED = "insert into parked_actions (who, action, source, subject, event_id, note) values (%s, %s, %s, %s, %s, %s)"

SERVICE = typer.Argument(help="服务 | the service that parked it")
ROW = typer.Argument(metavar="ID", help="列表中的编号 | its number in the list")
WHO = typer.Option(default_factory=getpass.getuser, help="操作人 | who does this")


@app.command("list")
def list_parked(service: str = typer.Option("", help="只看一个服务 | one service only")):
    """被搁置的事件、原因、其后等待的数量 | What is parked, why, and how much waits behind it."""
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
        "等待 behind it",
    )
    for name in _services(service):
        with _connected(name) as cursor:
            cursor.execute(LIST)
            for row in map(_quietly, cursor.fetchall()):
                table.add_row(name, *(f"{cell:%Y-%m-%d %H:%M:%S}" if hasattr(cell, "year") else str(cell) for cell in row))
    if table.row_count:
        console.print(table)
    else:
        console.print("没有被搁置的事件 | nothing is parked")


@app.command()
def show(
    service: str = SERVICE,
    row: int = ROW,
    body: bool = typer.Option(
        False, "--body", help="显示内容（可能含当事人信息，查看行为被记录） | what it carries, parties perhaps included; that somebody looked is recorded"
    ),
    who: str = WHO,
):
    """一个事件的信封与操作记录 | One event's envelope, and what people did about it."""
    with _connected(service) as cursor:
        found = _find(cursor, service, row)
        *envelope, delivery, behind = found
        names = ("id", "status", "source", "dispute", "sequence", "event_id", "type", "attempts", "reason", "since", "next_attempt_at")
        table = Table(show_header=False, box=None)
        for name, value in zip(names, envelope if body else _hidden(envelope, 2, (3, 4, 5, 6)), strict=True):
            table.add_row(name, "–" if value is None else str(value))
        table.add_row("behind it", str(behind))
        console.print(table)
        event = (envelope[2], envelope[3], envelope[5])
        if body:
            carried = _unseal(service, bytes(delivery))
            cursor.execute(NOTED, (who, "read", *event, ""))
            _print_body(carried)
        cursor.execute(HISTORY, event)
        for at, person, action, note in cursor.fetchall():
            console.print(f"{at:%Y-%m-%d %H:%M:%S} {person} {action} {note}".rstrip(), highlight=False, markup=False)


@app.command()
def replay(
    service: str = typer.Argument("", help="服务；省略则为全部 | the service; all if left out"),
    row: int | None = typer.Argument(None, metavar="ID", help="编号；省略则按条件 | its number; if left out, all that fit"),
    type: str = typer.Option("", help="该类型的全部 | all of this type"),
    reason: str = typer.Option("", help="原因含有此文字的全部 | all whose reason contains this"),
    everything: bool = typer.Option(False, "--all", help="全部 | everything that is parked"),
    who: str = WHO,
    note: str = typer.Option("", help="说明 | a note; written down"),
):
    """原因消除后重新处理 | Have it tried again, after the cause is mended."""
    if row is None and not (type or reason or everything):
        raise typer.BadParameter("指明编号，或 --type、--reason、--all | name one, or give --type, --reason or --all")
    total = 0
    for name in _services(service):
        with _connected(name) as cursor:
            if row is not None:
                _find(cursor, name, row)
            cursor.execute(
                "select id from parked where (%(row)s is null or id = %(row)s) and (%(type)s = '' or type = %(type)s)"
                " and strpos(reason, %(reason)s) > 0 and (%(row)s is not null or status = 'parked')",
                {"row": row, "type": type, "reason": reason},
            )
            rows = [found for (found,) in cursor.fetchall()]
            cursor.execute(MARK, {"status": "retry", "rows": rows, "who": who, "action": "replay", "note": note})
            total += len(rows)
    console.print(f"{total} 个事件将重新处理 | to be tried again: {total}")


@app.command()
def discard(service: str = SERVICE, row: int = ROW, note: str = typer.Option(help="说明原因，记入操作记录 | why; written down"), who: str = WHO):
    """作废：不产生效力，告知上报机构，其后的事件继续 | It has no effect; the agency is told; the others go on."""
    if not note.strip():
        raise typer.BadParameter("须说明原因 | say why", param_hint="--note")
    with _connected(service) as cursor:
        source = _find(cursor, service, row)[2]
        if source == UNREADABLE:  # there is no event in it that a service could say anything about
            cursor.execute(DROP, {"rows": [row], "unreadable": UNREADABLE, "who": who, "note": note})
        else:
            cursor.execute(MARK, {"status": "discard", "rows": [row], "who": who, "action": "discard", "note": note})
    console.print("已作废 | discarded")


@app.command("dead-letters")
def dead_letters(
    put_back: bool = typer.Option(False, "--put-back", help="送回原处 | send them where they came from"),
    queue: str = typer.Option("", help=f"只看一个队列 | one queue only: {DEAD_LETTERS}, {UNROUTED}"),
    message: str = typer.Option("", "--id", help="只处理一条 | one message only"),
    at_most: int = typer.Option(1000, help="最多条数 | how many at most"),
):
    """消息服务器放弃或无处可送的消息 | What the broker gave up on, or could not route."""
    table = Table("队列 queue", "消息 id", "字节 bytes", "原在 was in", "原因 because", "来自 published to", "结果 done")
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URI"]))
    try:
        for name in [queue] if queue else [DEAD_LETTERS, UNROUTED]:
            _go_through(connection, name, put_back, message, at_most, table)
    except pika.exceptions.ChannelClosedByBroker as refused:
        raise SystemExit(f"消息服务器拒绝 | the broker refuses: {refused.reply_text}") from None
    finally:
        connection.close()  # what was only looked at goes back to its place
    if table.row_count:
        console.print(table)
    else:
        console.print("没有 | none")


def _go_through(connection, queue, put_back, message, at_most, table):
    channel = connection.channel()
    channel.confirm_delivery()
    there = channel.queue_declare(queue, passive=True).method.message_count
    for _ in range(min(there, at_most)):
        method, properties, body = channel.basic_get(queue)
        if method is None:
            break
        death = ((properties.headers or {}).get("x-death") or [{}])[0]
        exchange = death.get("exchange", method.exchange)
        key = (death.get("routing-keys") or [method.routing_key])[0]
        done = ""
        if put_back and message in ("", properties.message_id):
            done = _put_back(channel, exchange, key, properties, body)
            if done == "sent":
                channel.basic_ack(method.delivery_tag)
        quiet = exchange in map(exchange_of, SEALED.values())  # what is in the safeguard lane is named to nobody
        identity, way = ("–", exchange) if quiet else (properties.message_id or "–", f"{exchange} {key}")
        table.add_row(queue, identity, str(len(body)), death.get("queue", "–"), death.get("reason", "unroutable"), way, done)


def _put_back(channel, exchange, key, properties, body):
    """By the way it first came. Listeners that have it already recognise the repeat."""
    fresh = pika.BasicProperties(
        content_type=properties.content_type,
        headers={name: value for name, value in (properties.headers or {}).items() if not str(name).startswith("x-")},
        delivery_mode=2,
        message_id=properties.message_id,
        user_id=properties.user_id,
    )
    try:
        channel.basic_publish(exchange, key, body, fresh, mandatory=True)
    except (pika.exceptions.UnroutableError, pika.exceptions.NackError):
        return "no queue takes it"
    return "sent"


# ── where things are ──────────────────────────────────────────────────────────────────────────────────────────────────


def _services(chosen: str) -> list[str]:
    names = list(_databases())
    if chosen and chosen not in names:
        raise typer.BadParameter(f"没有这个服务 | there is no such service: {chosen}")
    return [chosen] if chosen else names


def _databases() -> dict[str, str]:
    if path := os.environ.get("FENGQIAO_RELAY"):
        return {name: place["database"] for name, place in json.loads(Path(path).read_text("utf-8")).items()}
    return {os.environ["FENGQIAO_SERVICE"]: os.environ["DATABASE_URL"]}


@contextlib.contextmanager
def _connected(service):
    """A cursor in one transaction, as the service's own role."""
    (service,) = _services(service)
    connection = pool.connect(_databases()[service])
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _quietly(row):
    """A line of the list: status, source, dispute, event and type stand in columns 1 to 5."""
    return _hidden(row, 2, (3, 4, 5))


def _hidden(row, source, columns):
    """Of what is in the safeguard lane nobody is shown which dispute it is about, unless he asks for what it carries: that is written down."""
    type = row[columns[-1]]
    if not safeguard.is_quiet(row[source], type):
        return row
    return [service_of(cell) if at == source else "–" if at in columns else cell for at, cell in enumerate(row)]


def _find(cursor, service, row):
    cursor.execute(SHOW, (row,))
    found = cursor.fetchone()
    if found is None:
        raise typer.BadParameter(f"{service} 没有编号为 {row} 的搁置事件 | nothing is parked there under {row}")
    return found


def _unseal(service, delivery) -> Delivery:
    keys = json.loads(os.environ.get("FENGQIAO_AT_REST_KEYS", "{}"))
    key = keys.get(service) or os.environ.get("FENGQIAO_AT_REST_KEY")
    if not key:
        raise typer.BadParameter("需要该服务的静态加密密钥 | the service's key at rest is needed: FENGQIAO_AT_REST_KEY")
    try:
        return Delivery.unpack(SecretBox(base64.b64decode(key)).decrypt(delivery))
    except CryptoError:
        raise typer.BadParameter("密钥不符 | this is not the key that it was sealed with") from None


def _print_body(carried: Delivery):
    envelope = {"content_type": carried.content_type, "routing_key": carried.routing_key, "user_id": carried.user_id, "headers": carried.headers}
    console.print_json(data=envelope)
    try:
        orjson.loads(carried.body)
        console.print_json(carried.body.decode())
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        console.print(repr(carried.body), markup=False)


def main():
    try:
        app()
    except psycopg2.OperationalError as problem:
        raise SystemExit(f"数据库无法访问 | the database cannot be reached: {describe(problem)}") from None


if __name__ == "__main__":
    main()
