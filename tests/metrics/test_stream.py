"""Tests of the stream of changes to open dashboard pages: a page receives every change, also after reconnecting, or is told to reload."""

import asyncio
import json
import threading
import time

import httpx
import psycopg2
import pytest

from services.metrics.web import stream
from tests.county import wait_until
from tests.metrics.histories import registered_event

# Ends the database connection on which the dashboard listens for changes.
TERMINATE_LISTENER = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%metrics.changes%' and pid <> pg_backend_pid()"


def dispute_code(n):
    return f"620702-2026-{n:06d}-1"


def read_stream(url, is_complete, last=None, after=None, seconds=10):
    """Read the stream until `is_complete(messages)` is true. Return the messages as (event, id, data). `last` and `after`: number of the last change seen."""
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


def received_codes(messages):
    """Return the dispute codes in all change messages."""
    return [one for event, _, data in messages if event == "change" for one in data["codes"]]


def test_a_reconnected_page_receives_every_change_that_it_missed(dashboard, hear):
    """The page reads some changes, disconnects, and reconnects with the last number received while more changes are written."""
    writer = threading.Thread(target=lambda: [hear([registered_event(dispute_code(n))]) for n in range(5)])
    writer.start()
    first = read_stream(dashboard, lambda seen: dispute_code(4) in received_codes(seen), after=0)
    writer.join()
    for n in range(5, 12):
        hear([registered_event(dispute_code(n))])
    writer = threading.Thread(target=lambda: [(hear([registered_event(dispute_code(n))]), time.sleep(0.02)) for n in range(12, 30)])
    writer.start()

    second = read_stream(dashboard, lambda seen: dispute_code(29) in received_codes(seen), last=first[-1][1])
    writer.join()

    # A code may be repeated, but none may be missing.
    assert list(dict.fromkeys(received_codes(first) + received_codes(second))) == [dispute_code(n) for n in range(30)]
    numbers = [number for event, number, _ in first + second if event == "change"]
    assert numbers == sorted(set(numbers)) and numbers[-1] == 30


def test_a_change_of_the_read_model_reaches_an_open_page_within_a_second(dashboard, hear):
    states, received_at = [], []

    def listen():
        read_stream(dashboard, lambda seen: states.append(seen[-1][0]) or bool(received_codes(seen)), after=0)
        received_at.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    wait_until(lambda: states[-1:] == ["live"])
    hear([registered_event(dispute_code(1))])
    written_at = time.monotonic()
    listener.join(5)

    assert received_at and received_at[0] - written_at < 1


def test_a_page_that_missed_too_many_changes_is_told_to_reload(dashboard, pool):
    with pool.transaction() as tx:
        tx.run('insert into metrics.changes select n, now(), \'{"codes": [], "more": 1, "as_of": ""}\' from generate_series(1, 2000) n')
        tx.run("update metrics.head set last_change = 2000")

    assert read_stream(dashboard, lambda seen: seen[-1][0] == "reload", last=3)[-1][:2] == ("reload", 2000)


def test_a_page_whose_last_change_number_is_deleted_or_unknown_is_told_to_reload(dashboard, pool):
    with pool.transaction() as tx:
        tx.run('insert into metrics.changes select n, now(), \'{"codes": [], "more": 1, "as_of": ""}\' from generate_series(50, 60) n')
        tx.run("update metrics.head set last_change = 60")

    assert read_stream(dashboard, lambda seen: seen[-1][0] == "reload", last=10)[-1][0] == "reload"
    # Number 999 is above the latest change, as after the database has been restored from a backup.
    assert read_stream(dashboard, lambda seen: seen[-1][0] == "reload", last=999)[-1][0] == "reload"


def test_open_pages_are_told_when_the_database_becomes_unavailable_and_available_again(dashboard, hear, metrics_database):
    states = []

    def listen():
        read_stream(dashboard, lambda seen: states.append(seen[-1][0]) or bool(received_codes(seen)), after=0, seconds=20)

    listener = threading.Thread(target=listen)
    listener.start()
    wait_until(lambda: states[-1:] == ["live"])
    seen = len(states)
    with psycopg2.connect(metrics_database) as connection, connection.cursor() as cursor:
        wait_until(lambda: cursor.execute(TERMINATE_LISTENER) or cursor.fetchall())
    wait_until(lambda: "unavailable" in states[seen:])
    wait_until(lambda: states[-1] == "live")
    hear([registered_event(dispute_code(1))])
    listener.join(10)

    events = states[seen:]
    if events[0] == "live":  # the broadcaster connected while this page subscribed, so the page received "live" twice before the interruption
        events.pop(0)
    assert events == ["unavailable", "live", "change"]


def test_the_stream_of_a_page_that_reads_too_slowly_is_ended(monkeypatch):
    async def overflow_one_queue():
        broadcaster = stream.ChangeBroadcaster("", asyncio.get_running_loop())
        slow, fast = broadcaster.subscribe(), broadcaster.subscribe()
        received = []
        for n in range(stream.MAX_QUEUED_MESSAGES + 1):
            broadcaster._broadcast({"id": str(n)})
            received.append(fast.get_nowait())
        return broadcaster, slow, fast, received

    broadcaster, slow, fast, received = asyncio.run(overflow_one_queue())

    assert slow not in broadcaster.subscribers and slow.get_nowait() is stream.END_OF_STREAM and slow.empty()
    assert fast in broadcaster.subscribers and len(received) == stream.MAX_QUEUED_MESSAGES + 1


def test_several_changes_are_sent_as_one_message_with_the_number_of_the_last_change():
    rows = [(n, {"codes": [dispute_code(n)], "more": 0, "as_of": "t"}) for n in range(1, 80)]
    message = stream.change_message(rows)
    data = json.loads(message["data"])

    assert message["id"] == "79" and len(data["codes"]) == stream.MAX_LISTED_CODES and data["more"] == 29


@pytest.mark.parametrize("number", ["x", "-1", "1" * 30, "١"])
def test_a_stream_requested_with_a_malformed_change_number_contains_only_new_changes(dashboard, number):
    assert read_stream(dashboard, lambda seen: True, after=number)[0][0] in ("live", "unavailable")
