"""Tells open pages what changed, as server-sent events numbered in commit order. One listening thread a process, whatever the number of pages."""

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
from services.metrics import reading
from services.metrics.store import CHANNEL, CODES_TOLD

STREAMS = 500  # in one process; more get 503 and try again
INBOX = 100  # messages that a reader may be behind before its stream is ended
REPLAYED = 500  # changes that a returning page is told one by one; beyond, it reloads
PAUSE_SECONDS = 0.25  # at most four messages a second, each with all that changed meanwhile
POLL_SECONDS = 1.0  # when no notification came, or could come
PING_SECONDS = 12
RETRY_MS = 2000
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
END = {"end": True}


class Hub:
    """Watches `metrics.changes` and passes what is new to every subscriber."""

    def __init__(self, database_url: str, loop: asyncio.AbstractEventLoop):
        self.database_url, self.loop = database_url, loop
        self.subscribers: set[asyncio.Queue] = set()
        self.is_live = False
        self._last: int | None = None
        self._stopping = threading.Event()
        self._nudge, self._nudged = socket.socketpair()
        self._thread = threading.Thread(target=self._watch, name="changes", daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self._nudge.close()
        self._thread.join(3)
        self._broadcast(END)

    def subscribe(self) -> asyncio.Queue:
        inbox = asyncio.Queue(INBOX)
        self.subscribers.add(inbox)
        return inbox

    # ── on the thread ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _watch(self):
        while not self._stopping.is_set():
            try:
                with contextlib.closing(connect(self.database_url)) as connection:
                    connection.autocommit = True
                    self._listen(connection)
            except psycopg2.Error:
                if self.is_live:
                    self.is_live = False
                    self._tell({"event": "away", "data": "{}"})
                self._stopping.wait(POLL_SECONDS)

    def _listen(self, connection):
        with connection.cursor() as cursor:
            cursor.execute(f"listen {CHANNEL}")
            if self._last is None:
                cursor.execute(reading.LAST_CHANGE)
                self._last = cursor.fetchone()[0]
            if not self.is_live:
                self.is_live = True
                self._tell({"event": "live", "data": "{}"})
            while not self._stopping.is_set():
                self._pass_on(cursor)
                self._stopping.wait(PAUSE_SECONDS)
                select.select([connection, self._nudged], [], [], POLL_SECONDS)
                connection.poll()
                connection.notifies.clear()

    def _pass_on(self, cursor):
        cursor.execute(reading.CHANGES_AFTER, (self._last, REPLAYED + 1))
        rows = cursor.fetchall()
        if not rows:
            return
        if rows[0][0] != self._last + 1 or len(rows) > REPLAYED:  # some were forgotten, or too many: nobody may believe to have seen all
            cursor.execute(reading.LAST_CHANGE)
            self._last = cursor.fetchone()[0]
            self._tell({"event": "reload", "data": "{}"})
            return
        self._last = rows[-1][0]
        self._tell(message(rows))

    def _tell(self, told):
        with contextlib.suppress(RuntimeError):  # the loop has ended before us
            self.loop.call_soon_threadsafe(self._broadcast, told)

    # ── on the loop ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _broadcast(self, told):
        for inbox in list(self.subscribers):
            if inbox.full():  # never drop in silence: the page comes back and replays
                self.subscribers.discard(inbox)
                while not inbox.empty():
                    inbox.get_nowait()
                inbox.put_nowait(END)
            else:
                inbox.put_nowait(told)


def message(rows: list[tuple[int, dict]]) -> dict:
    """Several changes as one message: it has the number of the last."""
    codes = sorted({code for _, body in rows for code in body["codes"]})
    more = sum(body["more"] for _, body in rows) + max(0, len(codes) - CODES_TOLD)
    data = {"codes": codes[:CODES_TOLD], "more": more, "as_of": rows[-1][1]["as_of"]}
    return {"id": str(rows[-1][0]), "event": "change", "data": json.dumps(data)}


async def page_listens(request):
    """A page stays up to date: what it missed since `Last-Event-ID`, then what changes."""
    hub = request.app.state.hub
    if len(hub.subscribers) >= STREAMS:
        return PlainTextResponse("too many streams", 503, {"Retry-After": "10"})
    inbox = hub.subscribe()  # first subscribe, then read: nothing falls between
    return EventSourceResponse(_told(request, hub, inbox), ping=PING_SECONDS, headers=HEADERS)


async def _told(request, hub, inbox):
    try:
        seen = _number(request.headers.get("last-event-id") or request.query_params.get("after"))
        yield {"event": "live" if hub.is_live else "away", "data": "{}", "retry": RETRY_MS}
        if seen is not None:
            try:
                rows, latest = await run_in_threadpool(_missed, request.app.state.pool, seen)
            except DatabaseUnavailable:
                yield {"event": "away", "data": "{}"}
                return  # the browser comes back with the same number
            if seen > latest or len(rows) > REPLAYED or (seen < latest and (not rows or rows[0][0] != seen + 1)):
                yield {"id": str(latest), "event": "reload", "data": "{}"}
                return
            if rows:
                seen = rows[-1][0]
                yield message(rows)
        while (told := await inbox.get()) is not END:
            if "id" not in told or seen is None or int(told["id"]) > seen:
                yield told
    finally:
        hub.subscribers.discard(inbox)


def _missed(pool, seen):
    with pool.transaction() as tx:
        return reading.changes_since(tx, seen, REPLAYED + 1)


def _number(said) -> int | None:
    return int(said) if said and said.isdecimal() and len(said) < 19 else None
