"""Floor of needed work: the least that one agency event requires, whatever the design. `python -m bench.needed_floor <AMQP URI> <database> <events> <batch>`.

A loop of pika and psycopg2, in one OS process, consumes durable messages of one quorum queue in batches. Per batch there is one transaction, which writes
per event one log row, two receipts, one state row, one history row, one timeline row and one read-model row, and per commit one outbox row. Then one bundle
is published with a publisher confirm, to a quorum queue that a listener consumes; the next transaction deletes the outbox row. Nothing is decided. The
statements are prepared, and their arguments are rendered before the measurement.

The tables, row sizes and messages are constants of this file and not those of the services, so that the floor stays the same when the services change.
The module imports nothing of this project. The parent process creates the database and publishes the agencies' messages while the loop runs.
"""

import json
import sys
import time

import pika
import psycopg2

IN_QUEUE, OUT_QUEUE = "bench.needed-in", "bench.needed-out"

# Sizes in bytes, each the average of a run of this benchmark in November 2026 at commit 1413269. Of a row, pg_column_size(row) is given, of which the first
# 24 bytes are PostgreSQL's own header.
MESSAGE_BYTES = 90  # body of an agency event in binary mode
HEADER_BYTES = 270  # its ce- headers as JSON
LOG_ROW_BYTES = 463  # intake.log
RECEIPT_ROW_BYTES = 615  # intake.receipts
STATE_ROW_BYTES = 427  # mediation.disputes
HISTORY_ROW_BYTES = 364  # mediation.transitions
TIMELINE_ROW_BYTES = 243  # metrics.timeline
READ_MODEL_ROW_BYTES = 227  # metrics.disputes
DOMAIN_EVENT_BYTES = 600  # body of one domain event (of intake 632, of mediation 603)
EVENTS_PER_DISPUTE = 3.5  # agency events per dispute in one round: 14 events in four stages
ROW_HEADER_BYTES = 24

STATES = ("registered", "routed", "mediating", "closed")

# Each table has its primary key and what readers need besides: the log a key that recognises a repeated event, the read model an index for lists by state.
CREATE_TABLES = """
create table log (seq bigint primary key, agency text not null, event_id text not null, body bytea not null, unique (agency, event_id));
create table receipts (agency text not null, position bigint not null, body text not null, primary key (agency, position));
create table states (code text primary key, state text not null, facts text not null);
create table history (code text not null, step int not null, facts text not null, primary key (code, step));
create table timeline (code text not null, sequence int not null, facts text not null, primary key (code, sequence));
create table read_model (code text primary key, state text not null, facts text not null);
create index read_model_by_state on read_model (state, code);
create table outbox (id bigint primary key, body text not null);
"""
PREPARE_STATEMENTS = """
prepare write_log (bigint[], text[], text[], bytea[]) as insert into log select * from unnest($1, $2, $3, $4);
prepare write_receipts (text[], bigint[], text[]) as insert into receipts select * from unnest($1, $2, $3);
prepare write_states (text[], text[], text[]) as
  update states t set state = v.state, facts = v.facts from unnest($1, $2, $3) v (code, state, facts) where t.code = v.code;
prepare write_history (text[], int[], text[]) as insert into history select * from unnest($1, $2, $3);
prepare write_timeline (text[], int[], text[]) as insert into timeline select * from unnest($1, $2, $3);
prepare write_read_model (text[], text[], text[]) as
  update read_model t set state = v.state, facts = v.facts from unnest($1, $2, $3) v (code, state, facts) where t.code = v.code;
prepare write_outbox (bigint, text) as insert into outbox values ($1, $2);
prepare delete_outbox (bigint) as delete from outbox where id = $1;
"""


def message_headers(number: int) -> dict[str, str]:
    """Return the headers of an agency's message, together HEADER_BYTES long as JSON."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": f"b-{number:08d}-2-5",
        "ce-source": "/agencies/mediation",
        "ce-type": "agreement.reached",
        "ce-subject": _code(number),
        "ce-time": "2026-11-27T08:00:00.000000+08:00",
    }
    return headers | {"ce-traceparent": _fill(HEADER_BYTES, len(json.dumps(headers | {"ce-traceparent": ""})))}


def message_body() -> bytes:
    return json.dumps({"facts": _fill(MESSAGE_BYTES, len('{"facts": ""}'))}).encode()


def main(amqp: str, database_url: str, event_count: int, batch_size: int) -> None:
    database = psycopg2.connect(database_url)
    cursor = database.cursor()
    cursor.execute(CREATE_TABLES)
    dispute_count = max(batch_size, int(event_count / EVENTS_PER_DISPUTE))
    cursor.execute(
        "insert into states select code, %s, %s from unnest(%s) code",
        (STATES[0], _row_fill(STATE_ROW_BYTES, 30), [_code(number) for number in range(dispute_count)]),
    )
    cursor.execute("insert into read_model select code, state, left(facts, %s) from states", (len(_row_fill(READ_MODEL_ROW_BYTES, 30)),))
    cursor.execute(PREPARE_STATEMENTS)
    batches = _render_batches(cursor, event_count, batch_size, dispute_count)
    database.commit()
    database.autocommit = True
    cursor.execute("vacuum analyze")
    database.autocommit = False

    connection = pika.BlockingConnection(pika.URLParameters(amqp))
    channel, listener = connection.channel(), connection.channel()
    for queue in (IN_QUEUE, OUT_QUEUE):
        channel.queue_delete(queue)
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=2 * batch_size)
    tags: list[int] = []
    bundles_heard = []
    channel.basic_consume(IN_QUEUE, lambda _, method, __, body: tags.append(method.delivery_tag))

    def hear_bundle(_, method, __, body):
        listener.basic_ack(method.delivery_tag)
        bundles_heard.append(len(body))

    listener.basic_consume(OUT_QUEUE, hear_bundle)
    persistent = pika.BasicProperties(content_type="application/cloudevents-batch+json", delivery_mode=2)
    print("ready", flush=True)
    began = None
    for size, statements, bundle in batches:
        while len(tags) < size:
            connection.process_data_events(time_limit=1)
        began = began or time.time()
        batch_tags = tags[:size]
        del tags[:size]
        for statement in statements:
            cursor.execute(statement)
        database.commit()
        channel.basic_ack(batch_tags[-1], multiple=True)
        channel.basic_publish("", OUT_QUEUE, bundle, persistent, mandatory=True)  # returns when the broker has confirmed the bundle
    cursor.execute("execute delete_outbox (%s)", (len(batches),))
    database.commit()
    while len(bundles_heard) < len(batches):
        connection.process_data_events(time_limit=1)
    print(json.dumps({"began": began, "ended": time.time()}), flush=True)
    sys.stdin.readline()  # wait until the parent process has read the CPU times
    print(json.dumps({"rows": _count_rows(cursor), "bundles": len(bundles_heard)}), flush=True)
    for queue in (IN_QUEUE, OUT_QUEUE):
        channel.queue_delete(queue)
    connection.close()


def _render_batches(cursor, event_count, batch_size, dispute_count):
    """Return a list of (number of events, SQL statements, body of the bundle), one entry per batch."""
    log_body = bytes(range(256)) * 2
    log_body = log_body[: len(_row_fill(LOG_ROW_BYTES, 36))]
    receipt, state, history = _row_fill(RECEIPT_ROW_BYTES, 30), _row_fill(STATE_ROW_BYTES, 30), _row_fill(HISTORY_ROW_BYTES, 32)
    timeline, read_model = _row_fill(TIMELINE_ROW_BYTES, 25), _row_fill(READ_MODEL_ROW_BYTES, 30)
    domain_event = json.dumps({"data": _fill(DOMAIN_EVENT_BYTES, len('{"data": ""}'))})

    def render(name, *arguments):
        return cursor.mogrify(f"execute {name} ({', '.join(['%s'] * len(arguments))})", arguments)

    batches = []
    for number, first in enumerate(range(0, event_count, batch_size), start=1):
        events = range(first, min(first + batch_size, event_count))
        codes, steps, state_after = [_code(n % dispute_count) for n in events], [n // dispute_count for n in events], STATES[number % len(STATES)]
        agencies = [f"agency-{n % 20:02d}" for n in events]
        bundle = f"[{','.join([domain_event] * len(events))}]"
        statements = [
            render("write_log", list(events), agencies, [f"b-{n:08d}" for n in events], [psycopg2.Binary(log_body)] * len(events)),
            render("write_receipts", agencies * 2, [*range(2 * first, 2 * first + 2 * len(events))], [receipt] * (2 * len(events))),
            render("write_states", codes, [state_after] * len(events), [state] * len(events)),
            render("write_history", codes, steps, [history] * len(events)),
            render("write_timeline", codes, steps, [timeline] * len(events)),
            render("write_read_model", codes, [state_after] * len(events), [read_model] * len(events)),
            render("write_outbox", number, bundle),
        ]
        if number > 1:
            statements.append(render("delete_outbox", number - 1))
        batches.append((len(events), statements, bundle.encode()))
    return batches


def _count_rows(cursor):
    """Return {table: [number of rows, average of pg_column_size(row)]}."""
    rows = {}
    for table in ("log", "receipts", "states", "history", "timeline", "read_model", "outbox"):
        cursor.execute(f"select count(*), coalesce(round(avg(pg_column_size(t.*))), 0)::int from {table} t")
        rows[table] = cursor.fetchone()
    return rows


def _code(number: int) -> str:
    return f"FQ-620702-2026-{number:06d}"


def _fill(wanted: int, present: int) -> str:
    return "x" * (wanted - present)


def _row_fill(row_bytes: int, key_bytes: int) -> str:
    """Return the text that fills a row, which has a header and `key_bytes` of other columns, to `row_bytes`."""
    return _fill(row_bytes, ROW_HEADER_BYTES + key_bytes)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
