"""Floor (lower bound) of a service: a loop of pika and psycopg2 that writes the service's rows and decides nothing. `python -m bench.floor <work.pickle>`.

The loop uses one OS process, the same queues and batches of the same size as the service, one transaction and one acknowledgement per batch, and prepared statements
with arrays that are built in advance. A program can be faster only if it writes fewer rows.
"""

import json
import pickle
import sys
import time
from dataclasses import dataclass

import pika
import psycopg2


@dataclass
class FloorWork:
    """Input of the loop: addresses, queues, and the rows to write.

    `messages_per_batch`: number of messages to consume for each batch. `columns`: {table: [(name, type, whether part of the primary key)]}. `batches`: for
    each batch, a list of (table, operation, values), where the values are one list per column.
    """

    amqp: str
    database: str
    queues: list[str]
    messages_per_batch: list[int]
    columns: dict[str, list[tuple[str, str, bool]]]
    batches: list[list[tuple[str, str, list[list]]]]


def main(file: str) -> None:
    with open(file, "rb") as stored:
        work: FloorWork = pickle.load(stored)
    database = psycopg2.connect(work.database)
    cursor = database.cursor()
    statements = prepare_statements(cursor, work)
    database.commit()
    batches = [[(statements[table, op], [adapt_column(column) for column in columns]) for table, op, columns in batch] for batch in work.batches]
    connection = pika.BlockingConnection(pika.URLParameters(work.amqp))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=2 * max(work.messages_per_batch))
    tags: list[int] = []
    for queue in work.queues:
        channel.basic_consume(queue, lambda _, method, __, body: tags.append(method.delivery_tag))
    began, rows = None, iter(batches)
    print("ready", flush=True)
    for count in work.messages_per_batch:
        while len(tags) < count:
            connection.process_data_events(time_limit=1)
        began = began or time.time()
        batch_tags = tags[:count]
        del tags[:count]
        for statement, columns in next(rows, ()):
            cursor.execute(statement, columns)
        database.commit()
        channel.basic_ack(batch_tags[-1], multiple=True)
    connection.process_data_events(time_limit=0)
    print(json.dumps({"began": began, "ended": time.time()}), flush=True)
    sys.stdin.readline()  # wait until the parent process has read this process's CPU time
    connection.close()


def prepare_statements(cursor, work: FloorWork) -> dict[tuple[str, str], str]:
    """Prepare a statement for each pair of table and operation. Return {(table, operation): SQL that executes the statement}."""
    statements = {}
    for batch in work.batches:
        for table, op, _ in batch:
            if (table, op) in statements:
                continue
            columns = work.columns[table] if op != "DELETE" else [column for column in work.columns[table] if column[2]]
            name = f"s{len(statements)}"
            cursor.execute(f"prepare {name} ({', '.join(_array_type(kind) for _, kind, _ in columns)}) as {_statement_sql(table, op, columns)}")
            statements[table, op] = f"execute {name} ({', '.join('%s::' + _array_type(kind) for _, kind, _ in columns)})"
    return statements


def _statement_sql(table, op, columns):
    names = ", ".join(name for name, _, _ in columns)
    values = ", ".join(f"{name}::{kind}" for name, kind, _ in columns)
    new_rows = f"(select {values} from unnest({', '.join(f'${n}' for n in range(1, len(columns) + 1))}) as g ({names})) v"
    same_key = " and ".join(f"t.{name} = v.{name}" for name, _, key in columns if key)
    if op == "INSERT":
        return f"insert into {table} ({names}) select {names} from {new_rows}"
    if op == "UPDATE":
        return f"update {table} t set {', '.join(f'{name} = v.{name}' for name, _, key in columns if not key)} from {new_rows} where {same_key}"
    return f"delete from {table} t using {new_rows} where {same_key}"


def _array_type(kind):
    """Return the SQL type of an array of values of type `kind`. Arrays and JSON values are passed as text."""
    return "text[]" if kind.endswith("[]") or kind in ("json", "jsonb") else f"{kind}[]"


def adapt_column(column: list) -> list:
    return [psycopg2.Binary(value) if isinstance(value, bytes) else value for value in column]


if __name__ == "__main__":
    main(*sys.argv[1:])
