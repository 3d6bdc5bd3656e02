"""Server-sent events that notify open dashboard pages of changes to the read model. Changes are numbered in commit order.

One thread per OS process listens to the database for all pages of that process.
"""

import asyncio
import contextlib
import json
import select
import socket
import threading

import psycopg2
from sse_starlette.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from plumbing.pool import DatabaseUnavailable, connect
from services.metrics import queries
from services.metrics.store import MAX_LISTED_CODES, NOTIFICATION_CHANNEL

MAX_STREAMS = 500  # limit per OS process; further requests get status 503, and the browser repeats them
MAX_QUEUED_MESSAGES = 100  # a page with more undelivered messages than this has its stream ended
MAX_REPLAYED = 500  # a reconnected page that missed more changes than this is told to reload
MIN_SEND_INTERVAL_SECONDS = 0.25  # each message contains all changes since the previous message
POLL_SECONDS = 1.0  # the database is also checked without a notification, at this interval
PING_SECONDS = 12
RETRY_MS = 2000
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
END_OF_STREAM = {"end": True}


class ChangeBroadcaster:
    """Watches the table metrics.changes in a thread and sends new changes to every subscribed page."""

    def __init__(self, database_url: str, loop: asyncio.AbstractEventLoop):
        self.database_url, self.loop = database_url, loop
        self.subscribers: set[asyncio.Queue] = set()
        self.is_live = False
        self._last_change: int | None = None
        self._stopping = threading.Event()
        self._wake_sender, self._wake_receiver = socket.socketpair()
        self._thread = threading.Thread(target=self._watch, name="changes", daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._wake_sender.close()
        self._thread.join(3)
        self._broadcast(END_OF_STREAM)

    def subscribe(self) -> asyncio.Queue:
        """Return a new queue that receives every later message."""
        queue = asyncio.Queue(MAX_QUEUED_MESSAGES)
        self.subscribers.add(queue)
        return queue

    # ── methods that run in the thread ────────────────────────────────────────────────────────────────────────────────────────────

    def _watch(self):
        """Listen to the database until `stop()`. After a lost connection, tell the pages and connect again."""
        while not self._stopping.is_set():
            try:
                with contextlib.closing(connect(self.database_url)) as connection:
                    connection.autocommit = True
                    self._listen(connection)
            except psycopg2.Error:
                if self.is_live:
                    self.is_live = False
                    self._send_to_pages({"event": "unavailable", "data": "{}"})
                self._stopping.wait(POLL_SECONDS)

    def _listen(self, connection):
        with connection.cursor() as cursor:
            cursor.execute(f"listen {NOTIFICATION_CHANNEL}")
            if self._last_change is None:
                cursor.execute(queries.SELECT_LAST_CHANGE)
                self._last_change = cursor.fetchone()[0]
            if not self.is_live:
                self.is_live = True
                self._send_to_pages({"event": "live", "data": "{}"})
            while not self._stopping.is_set():
                self._send_changes(cursor)
                self._stopping.wait(MIN_SEND_INTERVAL_SECONDS)
                select.select([connection, self._wake_receiver], [], [], POLL_SECONDS)
                connection.poll()
                connection.notifies.clear()

    def _send_changes(self, cursor):
        """Send the changes since the last call to the pages. If changes are missing or too many, tell the pages to reload instead."""
        cursor.execute(queries.SELECT_CHANGES_AFTER, (self._last_change, MAX_REPLAYED + 1))
        rows = cursor.fetchall()
        if not rows:
            return
        if rows[0][0] != self._last_change + 1 or len(rows) > MAX_REPLAYED:
            cursor.execute(queries.SELECT_LAST_CHANGE)
            self._last_change = cursor.fetchone()[0]
            self._send_to_pages({"event": "reload", "data": "{}"})
            return
        self._last_change = rows[-1][0]
        self._send_to_pages(change_message(rows))

    def _send_to_pages(self, sse_event):
        with contextlib.suppress(RuntimeError):  # raised if the event loop has already ended
            self.loop.call_soon_threadsafe(self._broadcast, sse_event)

    # ── methods that run in the event loop ────────────────────────────────────────────────────────────────────────────────────────

    def _broadcast(self, sse_event):
        for queue in list(self.subscribers):
            if queue.full():  # end the stream instead of dropping a message: the page reconnects and receives the missed changes
                self.subscribers.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(END_OF_STREAM)
            else:
                queue.put_nowait(sse_event)


def change_message(rows: list[tuple[int, dict]]) -> dict:
    """Return one server-sent event for several changes. Its id is the number of the last change."""
    codes = sorted({code for _, body in rows for code in body["codes"]})
    more = sum(body["more"] for _, body in rows) + max(0, len(codes) - MAX_LISTED_CODES)
    data = {"codes": codes[:MAX_LISTED_CODES], "more": more, "as_of": rows[-1][1]["as_of"]}
    return {"id": str(rows[-1][0]), "event": "change", "data": json.dumps(data)}


async def stream_changes(request):
    """Return a stream of changes: first those after the number in `Last-Event-ID` or the parameter `after`, then new changes as they occur."""
    broadcaster = request.app.state.broadcaster
    if len(broadcaster.subscribers) >= MAX_STREAMS:
        return PlainTextResponse("too many streams", 503, {"Retry-After": "10"})
    queue = broadcaster.subscribe()  # subscribed before the missed changes are read, so that no change falls between the two
    return EventSourceResponse(_generate_messages(request, broadcaster, queue), ping=PING_SECONDS, headers=STREAM_HEADERS)


async def _generate_messages(request, broadcaster, queue):
    try:
        last_seen = _parse_change_number(request.headers.get("last-event-id") or request.query_params.get("after"))
        yield {"event": "live" if broadcaster.is_live else "unavailable", "data": "{}", "retry": RETRY_MS}
        if last_seen is not None:
            try:
                rows, latest = await run_in_threadpool(_load_missed_changes, request.app.state.pool, last_seen)
            except DatabaseUnavailable:
                yield {"event": "unavailable", "data": "{}"}
                return  # ends the stream; the browser reconnects with the same Last-Event-ID
            if last_seen > latest or len(rows) > MAX_REPLAYED or (last_seen < latest and (not rows or rows[0][0] != last_seen + 1)):
                yield {"id": str(latest), "event": "reload", "data": "{}"}
                return
            if rows:
                last_seen = rows[-1][0]
                yield change_message(rows)
        while (sse_event := await queue.get()) is not END_OF_STREAM:
            if "id" not in sse_event or last_seen is None or int(sse_event["id"]) > last_seen:
                yield sse_event
    finally:
        broadcaster.subscribers.discard(queue)


def _load_missed_changes(pool, last_seen):
    with pool.transaction() as tx:
        return queries.load_changes_after(tx, last_seen, MAX_REPLAYED + 1)


def _parse_change_number(text) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
