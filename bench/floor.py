"""The floor of a service: a plain loop of pika and psycopg2 that writes the same rows and decides nothing. `python -m bench.floor <work.pickle>`.

One process, the same queues, batches of the same size, one transaction and one acknowledgement per batch, prepared statements over arrays
that are built in advance. A program can be faster only if it writes less.
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
    """Input of the loop. `columns`: table → (name, type, whether part of the key). `batches`: for each batch, (table, operation, one list per column)."""

    amqp: str
    database: str
    queues: list[str]
    messages: int
    size: int
    columns: dict[str, list[tuple[str, str, bool]]]
    batches: list[list[tuple[str, str, list[list]]]]


def main(file: str) -> None:
    with open(file, "rb") as stored:
        work: FloorWork = pickle.load(stored)
    database = psycopg2.connect(work.database)
    cursor = database.cursor()
    statements = prepare(cursor, work)
    database.commit()
    batches = [[(statements[table, op], [adapt(column) for column in columns]) for table, op, columns in batch] for batch in work.batches]
    connection = pika.BlockingConnection(pika.URLParameters(work.amqp))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=2 * work.size)
    tags: list[int] = []
    for queue in work.queues:
        channel.basic_consume(queue, lambda _, method, __, body: tags.append(method.delivery_tag))
    done, began, rows = 0, None, iter(batches)
    print("ready", flush=True)
    while done < work.messages:
        batch_size = min(work.size, work.messages - done)
        while len(tags) < batch_size:
            connection.process_data_events(time_limit=1)
        began = began or time.time()
        batch_tags = tags[:batch_size]
        del tags[:batch_size]
        for statement, columns in next(rows, ()):
            cursor.execute(statement, columns)
        database.commit()
        channel.basic_ack(batch_tags[-1], multiple=True)
        done += batch_size
    connection.process_data_events(time_limit=0)
    print(json.dumps({"began": began, "ended": time.time()}), flush=True)
    sys.stdin.readline()  # wait until the parent process has read this process's CPU time
    connection.close()


def prepare(cursor, work: FloorWork) -> dict[tuple[str, str], str]:
    """Prepare a statement for each table and operation. Return {(table, operation): SQL that executes it}."""
    statements = {}
    for batch in work.batches:
        for table, op, _ in batch:
            if (table, op) in statements:
                continue
            columns = work.columns[table] if op != "DELETE" else [column for column in work.columns[table] if column[2]]
            name = f"s{len(statements)}"
            cursor.execute(f"prepare {name} ({', '.join(_as_array(kind) for _, kind, _ in columns)}) as {_sql(table, op, columns)}")
            statements[table, op] = f"execute {name} ({', '.join('%s::' + _as_array(kind) for _, kind, _ in columns)})"
    return statements


def _sql(table, op, columns):
    names = ", ".join(name for name, _, _ in columns)
    values = ", ".join(f"{name}::{kind}" for name, kind, _ in columns)
    new_rows = f"(select {values} from unnest({', '.join(f'${n}' for n in range(1, len(columns) + 1))}) as g ({names})) v"
    same_key = " and ".join(f"t.{name} = v.{name}" for name, _, key in columns if key)
    if op == "INSERT":
        return f"insert into {table} ({names}) select {names} from {new_rows}"
    if op == "UPDATE":
        return f"update {table} t set {', '.join(f'{name} = v.{name}' for name, _, key in columns if not key)} from {new_rows} where {same_key}"
    return f"delete from {table} t using {new_rows} where {same_key}"


def _as_array(kind):
    """Return the type of an array of `kind`. Arrays of arrays and of JSON are passed as text."""
    return "text[]" if kind.endswith("[]") or kind in ("json", "jsonb") else f"{kind}[]"


def adapt(column: list) -> list:
    return [psycopg2.Binary(value) if isinstance(value, bytes) else value for value in column]


if __name__ == "__main__":
    main(*sys.argv[1:])
