"""Does an open page learn of every change, also after it was away, too slow, or too far behind?"""

import asyncio
import json
import threading
import time

import httpx
import psycopg2
import pytest

from services.metrics.web import stream
from tests.county import wait_until
from tests.metrics.histories import registered

END_THE_WATCH = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%metrics.changes%' and pid <> pg_backend_pid()"


def code(n):
    return f"620702-2026-{n:06d}-1"


def read(url, wait_until, last=None, after=None, seconds=10):
    """The messages of a stream, as (event, id, data), until one satisfies `until`."""
    headers, params = {} if last is None else {"Last-Event-ID": str(last)}, {} if after is None else {"after": after}
    messages, event, number = [], None, None
    with httpx.stream("GET", f"{url}/stream", headers=headers, params=params, timeout=seconds) as response:
        assert response.headers["content-type"].startswith("text/event-stream") and response.headers["x-accel-buffering"] == "no"
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "id":
                number = int(value)
            elif name == "data":
                messages.append((event, number, json.loads(value)))
                if wait_until(messages):
                    return messages
    return messages


def codes(messages):
    return [one for event, _, data in messages if event == "change" for one in data["codes"]]


def test_a_page_that_was_away_misses_nothing(dashboard, hear):
    """It reads some, leaves, comes back with the last number it saw while more is being written."""
    writer = threading.Thread(target=lambda: [hear([registered(code(n))]) for n in range(5)])
    writer.start()
    first = read(dashboard, lambda seen: code(4) in codes(seen), after=0)
    writer.join()
    for n in range(5, 12):
        hear([registered(code(n))])
    writer = threading.Thread(target=lambda: [(hear([registered(code(n))]), time.sleep(0.02)) for n in range(12, 30)])
    writer.start()

    second = read(dashboard, lambda seen: code(29) in codes(seen), last=first[-1][1])
    writer.join()

    assert list(dict.fromkeys(codes(first) + codes(second))) == [code(n) for n in range(30)]  # one may be told again, none is missing
    numbers = [number for event, number, _ in first + second if event == "change"]
    assert numbers == sorted(set(numbers)) and numbers[-1] == 30


def test_a_change_reaches_an_open_page_within_a_second(dashboard, hear):
    states, told = [], []

    def listen():
        read(dashboard, lambda seen: states.append(seen[-1][0]) or bool(codes(seen)), after=0)
        told.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    wait_until(lambda: states[-1:] == ["live"])
    hear([registered(code(1))])
    written = time.monotonic()
    listener.join(5)

    assert told and told[0] - written < 1


def test_a_page_too_far_behind_is_told_to_reload(dashboard, pool):
    with pool.transaction() as tx:
        tx.run('insert into metrics.changes select n, now(), \'{"codes": [], "more": 1, "as_of": ""}\' from generate_series(1, 2000) n')
        tx.run("update metrics.head set last_change = 2000")

    assert read(dashboard, lambda seen: seen[-1][0] == "reload", last=3)[-1][:2] == ("reload", 2000)


def test_a_page_whose_changes_were_forgotten_or_never_were_is_told_to_reload(dashboard, pool):
    with pool.transaction() as tx:
        tx.run('insert into metrics.changes select n, now(), \'{"codes": [], "more": 1, "as_of": ""}\' from generate_series(50, 60) n')
        tx.run("update metrics.head set last_change = 60")

    assert read(dashboard, lambda seen: seen[-1][0] == "reload", last=10)[-1][0] == "reload"
    assert read(dashboard, lambda seen: seen[-1][0] == "reload", last=999)[-1][0] == "reload"  # the database was restored from yesterday


def test_the_pages_learn_that_the_database_is_away_and_back(dashboard, hear, metrics_database):
    states = []

    def listen():
        read(dashboard, lambda seen: states.append(seen[-1][0]) or bool(codes(seen)), after=0, seconds=20)

    listener = threading.Thread(target=listen)
    listener.start()
    wait_until(lambda: states[-1:] == ["live"])
    seen = len(states)
    with psycopg2.connect(metrics_database) as connection, connection.cursor() as cursor:
        wait_until(lambda: cursor.execute(END_THE_WATCH) or cursor.fetchall())
    wait_until(lambda: "away" in states[seen:])
    wait_until(lambda: states[-1] == "live")
    hear([registered(code(1))])
    listener.join(10)

    told = states[seen:]
    if told[0] == "live":  # the hub became live just when this page came: it was told twice, before the interruption
        told.pop(0)
    assert told == ["away", "live", "change"]


def test_a_reader_that_does_not_read_is_sent_away(monkeypatch):
    async def story():
        hub = stream.Hub("", asyncio.get_running_loop())
        slow, quick = hub.subscribe(), hub.subscribe()
        told = []
        for n in range(stream.INBOX + 1):
            hub._broadcast({"id": str(n)})
            told.append(quick.get_nowait())
        return hub, slow, quick, told

    hub, slow, quick, told = asyncio.run(story())

    assert slow not in hub.subscribers and slow.get_nowait() is stream.END and slow.empty()
    assert quick in hub.subscribers and len(told) == stream.INBOX + 1


def test_many_changes_at_once_are_one_message():
    rows = [(n, {"codes": [code(n)], "more": 0, "as_of": "t"}) for n in range(1, 80)]
    message = stream.message(rows)
    data = json.loads(message["data"])

    assert message["id"] == "79" and len(data["codes"]) == stream.CODES_TOLD and data["more"] == 29


@pytest.mark.parametrize("said", ["x", "-1", "1" * 30, "١"])
def test_a_number_that_is_none_starts_from_now(dashboard, said):
    assert read(dashboard, lambda seen: True, after=said)[0][0] in ("live", "away")
