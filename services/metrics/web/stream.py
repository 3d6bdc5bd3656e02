"""Server-sent events that notify open pages of changes, numbered in commit order. One thread per process listens to the database for all pages."""

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
from services.metrics.store import CHANNEL, MAX_CODES

MAX_STREAMS = 500  # per process; further requests get 503 and are repeated by the browser
QUEUE_SIZE = 100  # undelivered messages per page; beyond, its stream is ended
MAX_REPLAYED = 500  # missed changes sent to a returning page; beyond, the page reloads
PAUSE_SECONDS = 0.25  # at most four messages a second, each with all changes since the one before
POLL_SECONDS = 1.0  # interval of the check that runs without a notification
PING_SECONDS = 12
RETRY_MS = 2000
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
END_OF_STREAM = {"end": True}


class Hub:
    """Watches metrics.changes in a thread and sends new changes to every subscriber."""

    def __init__(self, database_url: str, loop: asyncio.AbstractEventLoop):
        self.database_url, self.loop = database_url, loop
        self.subscribers: set[asyncio.Queue] = set()
        self.is_live = False
        self._last: int | None = None
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
        """Return a new queue that receives every message from now on."""
        queue = asyncio.Queue(QUEUE_SIZE)
        self.subscribers.add(queue)
        return queue

    # ── runs in the thread ────────────────────────────────────────────────────────────────────────────────────────────

    def _watch(self):
        while not self._stopping.is_set():
            try:
                with contextlib.closing(connect(self.database_url)) as connection:
                    connection.autocommit = True
                    self._listen(connection)
            except psycopg2.Error:
                if self.is_live:
                    self.is_live = False
                    self._send({"event": "away", "data": "{}"})
                self._stopping.wait(POLL_SECONDS)

    def _listen(self, connection):
        with connection.cursor() as cursor:
            cursor.execute(f"listen {CHANNEL}")
            if self._last is None:
                cursor.execute(queries.LAST_CHANGE)
                self._last = cursor.fetchone()[0]
            if not self.is_live:
                self.is_live = True
                self._send({"event": "live", "data": "{}"})
            while not self._stopping.is_set():
                self._send_changes(cursor)
                self._stopping.wait(PAUSE_SECONDS)
                select.select([connection, self._wake_receiver], [], [], POLL_SECONDS)
                connection.poll()
                connection.notifies.clear()

    def _send_changes(self, cursor):
        """Send the changes since the last ones; if some are missing or there are too many, tell the pages to reload."""
        cursor.execute(queries.CHANGES_AFTER, (self._last, MAX_REPLAYED + 1))
        rows = cursor.fetchall()
        if not rows:
            return
        if rows[0][0] != self._last + 1 or len(rows) > MAX_REPLAYED:
            cursor.execute(queries.LAST_CHANGE)
            self._last = cursor.fetchone()[0]
            self._send({"event": "reload", "data": "{}"})
            return
        self._last = rows[-1][0]
        self._send(message(rows))

    def _send(self, sse_event):
        with contextlib.suppress(RuntimeError):  # the event loop has already ended
            self.loop.call_soon_threadsafe(self._broadcast, sse_event)

    # ── runs in the event loop ────────────────────────────────────────────────────────────────────────────────────────

    def _broadcast(self, sse_event):
        for queue in list(self.subscribers):
            if queue.full():  # end the stream instead of dropping a message: the page reconnects and receives what it missed
                self.subscribers.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(END_OF_STREAM)
            else:
                queue.put_nowait(sse_event)


def message(rows: list[tuple[int, dict]]) -> dict:
    """Return one server-sent event for several changes, with the number of the last one as its id."""
    codes = sorted({code for _, body in rows for code in body["codes"]})
    more = sum(body["more"] for _, body in rows) + max(0, len(codes) - MAX_CODES)
    data = {"codes": codes[:MAX_CODES], "more": more, "as_of": rows[-1][1]["as_of"]}
    return {"id": str(rows[-1][0]), "event": "change", "data": json.dumps(data)}


async def stream_changes(request):
    """Answer with a stream of changes: those missed since `Last-Event-ID` (or the parameter `after`), then new ones."""
    hub = request.app.state.hub
    if len(hub.subscribers) >= MAX_STREAMS:
        return PlainTextResponse("too many streams", 503, {"Retry-After": "10"})
    queue = hub.subscribe()  # before the missed changes are read, so that no change is lost between the two
    return EventSourceResponse(_event_stream(request, hub, queue), ping=PING_SECONDS, headers=HEADERS)


async def _event_stream(request, hub, queue):
    try:
        seen = _parse_change_number(request.headers.get("last-event-id") or request.query_params.get("after"))
        yield {"event": "live" if hub.is_live else "away", "data": "{}", "retry": RETRY_MS}
        if seen is not None:
            try:
                rows, latest = await run_in_threadpool(_load_missed, request.app.state.pool, seen)
            except DatabaseUnavailable:
                yield {"event": "away", "data": "{}"}
                return  # the browser reconnects with the same Last-Event-ID
            if seen > latest or len(rows) > MAX_REPLAYED or (seen < latest and (not rows or rows[0][0] != seen + 1)):
                yield {"id": str(latest), "event": "reload", "data": "{}"}
                return
            if rows:
                seen = rows[-1][0]
                yield message(rows)
        while (sse_event := await queue.get()) is not END_OF_STREAM:
            if "id" not in sse_event or seen is None or int(sse_event["id"]) > seen:
                yield sse_event
    finally:
        hub.subscribers.discard(queue)


def _load_missed(pool, seen):
    with pool.transaction() as tx:
        return queries.load_changes_after(tx, seen, MAX_REPLAYED + 1)


def _parse_change_number(text) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
