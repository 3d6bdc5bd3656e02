"""Tests of the change stream: an open page receives every change, also after a reconnect, and is told to reload when it missed too many."""

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

TERMINATE_LISTENER = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%metrics.changes%' and pid <> pg_backend_pid()"


def code(n):
    return f"620702-2026-{n:06d}-1"


def read(url, is_complete, last=None, after=None, seconds=10):
    """Return the messages of a stream as (event, id, data), up to the first for which `is_complete(messages)` is true."""
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
                if is_complete(messages):
                    return messages
    return messages


def codes(messages):
    return [one for event, _, data in messages if event == "change" for one in data["codes"]]


def test_a_reconnected_page_receives_every_change_it_missed(dashboard, hear):
    """The page reads some changes, disconnects, and reconnects with the last number received while more changes are written."""
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

    assert list(dict.fromkeys(codes(first) + codes(second))) == [code(n) for n in range(30)]  # a code may be repeated, none is missing
    numbers = [number for event, number, _ in first + second if event == "change"]
    assert numbers == sorted(set(numbers)) and numbers[-1] == 30


def test_a_change_reaches_an_open_page_within_a_second(dashboard, hear):
    states, received_at = [], []

    def listen():
        read(dashboard, lambda seen: states.append(seen[-1][0]) or bool(codes(seen)), after=0)
        received_at.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    wait_until(lambda: states[-1:] == ["live"])
    hear([registered(code(1))])
    written = time.monotonic()
    listener.join(5)

    assert received_at and received_at[0] - written < 1


def test_a_page_that_missed_too_many_changes_is_told_to_reload(dashboard, pool):
    with pool.transaction() as tx:
        tx.run('insert into metrics.changes select n, now(), \'{"codes": [], "more": 1, "as_of": ""}\' from generate_series(1, 2000) n')
        tx.run("update metrics.head set last_change = 2000")

    assert read(dashboard, lambda seen: seen[-1][0] == "reload", last=3)[-1][:2] == ("reload", 2000)


def test_a_page_with_a_deleted_or_unknown_change_number_is_told_to_reload(dashboard, pool):
    with pool.transaction() as tx:
        tx.run('insert into metrics.changes select n, now(), \'{"codes": [], "more": 1, "as_of": ""}\' from generate_series(50, 60) n')
        tx.run("update metrics.head set last_change = 60")

    assert read(dashboard, lambda seen: seen[-1][0] == "reload", last=10)[-1][0] == "reload"
    assert (
        read(dashboard, lambda seen: seen[-1][0] == "reload", last=999)[-1][0] == "reload"
    )  # a number above the latest: the database was restored from a backup


def test_pages_are_told_when_the_database_is_unavailable_and_available_again(dashboard, hear, metrics_database):
    states = []

    def listen():
        read(dashboard, lambda seen: states.append(seen[-1][0]) or bool(codes(seen)), after=0, seconds=20)

    listener = threading.Thread(target=listen)
    listener.start()
    wait_until(lambda: states[-1:] == ["live"])
    seen = len(states)
    with psycopg2.connect(metrics_database) as connection, connection.cursor() as cursor:
        wait_until(lambda: cursor.execute(TERMINATE_LISTENER) or cursor.fetchall())
    wait_until(lambda: "away" in states[seen:])
    wait_until(lambda: states[-1] == "live")
    hear([registered(code(1))])
    listener.join(10)

    events = states[seen:]
    if events[0] == "live":  # the hub connected while this page subscribed, so the page received "live" twice before the interruption
        events.pop(0)
    assert events == ["away", "live", "change"]


def test_stream_of_a_page_that_does_not_read_is_ended(monkeypatch):
    async def overflow_one_queue():
        hub = stream.Hub("", asyncio.get_running_loop())
        slow, quick = hub.subscribe(), hub.subscribe()
        received = []
        for n in range(stream.QUEUE_SIZE + 1):
            hub._broadcast({"id": str(n)})
            received.append(quick.get_nowait())
        return hub, slow, quick, received

    hub, slow, quick, received = asyncio.run(overflow_one_queue())

    assert slow not in hub.subscribers and slow.get_nowait() is stream.END_OF_STREAM and slow.empty()
    assert quick in hub.subscribers and len(received) == stream.QUEUE_SIZE + 1


def test_changes_sent_together_are_one_message_with_the_last_number():
    rows = [(n, {"codes": [code(n)], "more": 0, "as_of": "t"}) for n in range(1, 80)]
    message = stream.message(rows)
    data = json.loads(message["data"])

    assert message["id"] == "79" and len(data["codes"]) == stream.MAX_CODES and data["more"] == 29


@pytest.mark.parametrize("number", ["x", "-1", "1" * 30, "١"])
def test_a_malformed_change_number_starts_the_stream_at_the_present(dashboard, number):
    assert read(dashboard, lambda seen: True, after=number)[0][0] in ("live", "away")
