"""The floor of a hop: a plain loop of pika and psycopg2 that writes the same rows and decides nothing. `python -m bench.floor <work.pickle>`.

One process, the same queues, batches of the same size, one transaction and one acknowledgement a batch, prepared statements over arrays
that were made ahead. What is faster than this would have to write less.
"""

import json
import pickle
import sys
import time
from dataclasses import dataclass

import pika
import psycopg2


@dataclass
class Work:
    """What the loop is given. `batches` has, per batch, (table, operation, one list per column)."""

    amqp: str
    database: str
    queues: list[str]
    messages: int
    size: int
    columns: dict[str, list[tuple[str, str, bool]]]
    batches: list[list[tuple[str, str, list[list]]]]


def main(file: str) -> None:
    with open(file, "rb") as stored:
        work: Work = pickle.load(stored)
    database = psycopg2.connect(work.database)
    cursor = database.cursor()
    statements = prepare(cursor, work)
    database.commit()
    batches = [[(statements[table, op], [adapted(column) for column in columns]) for table, op, columns in batch] for batch in work.batches]
    connection = pika.BlockingConnection(pika.URLParameters(work.amqp))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=2 * work.size)
    tags: list[int] = []
    for queue in work.queues:
        channel.basic_consume(queue, lambda _, method, __, body: tags.append(method.delivery_tag))
    done, began, rows = 0, None, iter(batches)
    print("ready", flush=True)
    while done < work.messages:
        wanted = min(work.size, work.messages - done)
        while len(tags) < wanted:
            connection.process_data_events(time_limit=1)
        began = began or time.time()
        taken = tags[:wanted]
        del tags[:wanted]
        for statement, columns in next(rows, ()):
            cursor.execute(statement, columns)
        database.commit()
        channel.basic_ack(taken[-1], multiple=True)
        done += wanted
    connection.process_data_events(time_limit=0)
    print(json.dumps({"began": began, "ended": time.time()}), flush=True)
    sys.stdin.readline()  # its CPU time is read before it goes
    connection.close()


def prepare(cursor, work: Work) -> dict[tuple[str, str], str]:
    """One prepared statement per table and operation."""
    made = {}
    for batch in work.batches:
        for table, op, _ in batch:
            if (table, op) in made:
                continue
            columns = work.columns[table] if op != "DELETE" else [column for column in work.columns[table] if column[2]]
            name = f"s{len(made)}"
            cursor.execute(f"prepare {name} ({', '.join(_as_array(kind) for _, kind, _ in columns)}) as {_sql(table, op, columns)}")
            made[table, op] = f"execute {name} ({', '.join('%s::' + _as_array(kind) for _, kind, _ in columns)})"
    return made


def _sql(table, op, columns):
    names = ", ".join(name for name, _, _ in columns)
    values = ", ".join(f"{name}::{kind}" for name, kind, _ in columns)
    given = f"(select {values} from unnest({', '.join(f'${n}' for n in range(1, len(columns) + 1))}) as g ({names})) v"
    same = " and ".join(f"t.{name} = v.{name}" for name, _, key in columns if key)
    if op == "INSERT":
        return f"insert into {table} ({names}) select {names} from {given}"
    if op == "UPDATE":
        return f"update {table} t set {', '.join(f'{name} = v.{name}' for name, _, key in columns if not key)} from {given} where {same}"
    return f"delete from {table} t using {given} where {same}"


def _as_array(kind):
    """Arrays of arrays and of JSON travel as text; everything else as what it is."""
    return "text[]" if kind.endswith("[]") or kind in ("json", "jsonb") else f"{kind}[]"


def adapted(column: list) -> list:
    return [psycopg2.Binary(value) if isinstance(value, bytes) else value for value in column]


if __name__ == "__main__":
    main(*sys.argv[1:])
