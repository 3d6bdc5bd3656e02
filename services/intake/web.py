"""Starlette: the agencies' door over HTTP. The same path as the broker's: an event is answered when it is stored, or refused with a reason.

POST /events     CloudEvents, binary, structured or batch    202 accepted · 422 refused · 207 some of each · 400/401/413/415 not readable
GET  /receipts   ?after=<position>&wait=<seconds>            the agency's receipts in order, as a CloudEvents batch
POST /matters    {"dispute", "reason", "officer"}            what is in the safeguard lane about a dispute, for those inside it; written down
GET  /contract   the AsyncAPI document                       GET /healthz, /readyz, /metrics
"""

import hashlib
import json
import os
import re
import time
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import anyio
import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from contracts.kinds import LOOK_REASONS
from contracts.safeguard import is_inside
from plumbing import settings, telemetry
from plumbing.events import Delivery
from plumbing.hosts import KnownHosts
from plumbing.logs import describe
from plumbing.pool import DatabaseUnavailable, Pool, should_try_again
from services.intake import codes, envelope, ingest, nesting, replies
from services.intake.store import lane, receipts

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
MAX_REQUEST_BYTES = 4 * 2**20
MAX_BATCH = 500
MAX_WAIT_SECONDS = 30
POLL_SECONDS = 0.25
ANSWER_SECONDS = 20  # a database whose disk hangs, or a row held for long, tells nobody: then the door does
PAGE = 500
OFFICER = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)  # a staff number, never a name
CONTRACT = Path(__file__).resolve().parents[2] / "docs" / "contracts" / "asyncapi.json"

# fmt: off
PROBLEMS = {  # answers that are no receipts, because there is no agency or no event to answer
    "unauthorised":  (401, "请在 Authorization 头中提供本机构的令牌：Bearer <令牌>。", "Send your agency's token: Authorization: Bearer <token>."),
    "too_large":     (413, "请求超过上限。请分批发送。", "The request is too large. Send smaller batches."),
    "not_json":      (400, "请求内容不是JSON对象或列表。", "The body is not a JSON object or list."),
    "wrong_type":    (415, "Content-Type 须为 application/json、application/cloudevents+json 或 application/cloudevents-batch+json。",
                           "Content-Type must be application/json, application/cloudevents+json or application/cloudevents-batch+json."),
    "bad_query":     (400, "after 与 wait 须为非负整数。", "`after` and `wait` must be whole numbers, not negative."),
    "unknown_host":  (400, "本接入点不以此名称（Host）提供服务。请使用登记的名称，或在FENGQIAO_DOOR_HOSTS中登记。",
                           "The door does not answer under this name (Host). Use a name that is set in FENGQIAO_DOOR_HOSTS."),
    "held":          (202, "已保存。同一事项的前一事件正在核查，处理后另发回执。",
                           "Stored. An earlier event on the same matter is being looked into; the receipt follows after it."),
    "bad_look":      (400, "须提供 dispute（编码）、reason（查看理由）和 officer（工号）。", "Send `dispute` (its code), `reason` and `officer` (a staff number)."),
    "not_found":     (404, "没有可供查看的事项。", "There is nothing to look at."),
    "away":          (503, "系统暂时无法保存，请保留事件稍后重发。", "Nothing can be stored just now. Keep the event and send it again later."),
}
# fmt: on


async def agency_posts_events(request: Request) -> Response:
    """Stores what an agency sends and answers with its receipts, in the order sent."""
    agency = _agency(request)
    if agency is None:
        return _problem("unauthorised")
    body = await _body(request)
    if body is None:
        return _problem("too_large")
    try:
        deliveries = _deliveries(agency, request.headers, body)
    except KeyError as problem:
        return _problem(problem.args[0])
    decisions, answers = await _in_time(_ingest, request.app.state.pool, deliveries)
    if len(decisions) < len(deliveries):
        return _problem("held")
    refused = sum(decision.is_refused for decision in decisions)
    status = 202 if not refused else 422 if refused == len(decisions) else 207
    telemetry.REQUESTS.labels("intake", "events", status).inc()
    if request.headers.get("content-type", "").lower().startswith(BATCH):
        return Response(b"[" + b",".join(answers) + b"]", status, media_type=BATCH)
    return Response(answers[0], status, media_type=STRUCTURED)


async def agency_fetches_receipts(request: Request) -> Response:
    """The agency's receipts behind a position; waits up to `wait` seconds for the first one."""
    agency = _agency(request)
    if agency is None:
        return _problem("unauthorised")
    after, wait = request.query_params.get("after", "0"), request.query_params.get("wait", "0")
    if not (after.isascii() and after.isdigit() and len(after) < 19 and wait.isascii() and wait.isdigit()):
        return _problem("bad_query")
    until = time.monotonic() + min(int(wait), MAX_WAIT_SECONDS)
    while True:
        found = await _in_time(_receipts, request.app.state.pool, agency, int(after))
        if found or time.monotonic() >= until:
            break
        await anyio.sleep(POLL_SECONDS)
    last = found[-1][0] if found else int(after)
    return Response(b"[" + b",".join(body for _, body in found) + b"]", media_type=BATCH, headers={"Fengqiao-Position": str(last)})


async def insider_looks(request: Request) -> Response:
    """What is in the safeguard lane about a dispute. Who asked, when and why is written down before anything is answered.

    To everybody else, and about every other code, the answer is the same. It is no address that could be guessed or logged: the code is in
    the body. Nor is it counted: a measure of looks would show that there was something to see.
    """
    agency = _agency(request)
    if agency is None:
        return _problem("unauthorised")
    asked = _asked(await _body(request))
    if asked is None:
        return _answer("bad_look")
    view = await _in_time(_look, request.app.state.pool, agency, asked)
    return _answer("not_found") if view is None else Response(orjson.dumps(view), media_type="application/json")


async def anybody_reads_the_contract(request: Request) -> Response:
    return FileResponse(CONTRACT, media_type="application/json")


async def _in_time(do, *arguments):
    """Runs `do` in a thread; raises DatabaseUnavailable when it takes too long. What it does then may still be done: sent again, it is known by its id."""
    with anyio.move_on_after(ANSWER_SECONDS):
        return await anyio.to_thread.run_sync(do, *arguments, abandon_on_cancel=True)
    raise DatabaseUnavailable("no answer in time")


def _ingest(pool, deliveries):
    for again in range(4):
        try:
            with pool.transaction() as tx:
                decisions = ingest.ingest(tx, tx.unheard([envelope.read(delivery) for delivery in deliveries]))
                return decisions, receipts.load(tx, [replies.receipt_id(decision.seq, "first") for decision in decisions])
        except Exception as problem:
            if not should_try_again(problem):
                raise
            if again == 3:
                raise DatabaseUnavailable(describe(problem)) from problem
            time.sleep(0.05 * 2**again)


def _receipts(pool, agency, after):
    with pool.transaction() as tx:
        return receipts.after(tx, agency, after, PAGE)


def _look(pool, agency, asked):
    with pool.transaction() as tx:
        return lane.look(tx, agency, asked["officer"], asked["reason"], asked["dispute"], is_inside(agency))


def _asked(body) -> dict | None:
    try:
        asked = orjson.loads(body or b"")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(asked, dict) or not all(isinstance(asked.get(name), str) for name in ("dispute", "reason", "officer")):
        return None
    fits = codes.looks_like_one(asked["dispute"]) and asked["reason"] in LOOK_REASONS and OFFICER.fullmatch(asked["officer"])
    return asked if fits else None


def _deliveries(agency, headers, body):
    """One delivery per event. Raises KeyError with the name of a problem."""
    kind = headers.get("content-type", "").lower()
    make = partial(Delivery, routing_key=agency, user_id=agency)
    if kind.startswith(BATCH):
        try:
            events = nesting.elements(body)
        except ValueError:
            raise KeyError("not_json") from None
        if not events:
            raise KeyError("not_json")
        if len(events) > MAX_BATCH:
            raise KeyError("too_large")
        return [make(event, STRUCTURED) for event in events]
    if kind.startswith(STRUCTURED):
        return [make(body, STRUCTURED)]
    if kind.startswith("application/json"):
        # What is beyond ASCII comes percent-encoded: so the HTTP binding of CloudEvents says.
        return [make(body, kind, headers={name: unquote(value) for name, value in headers.items() if name.startswith("ce-")})]
    raise KeyError("wrong_type")


async def _body(request):
    if int(request.headers.get("content-length") or 0) > MAX_REQUEST_BYTES:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_REQUEST_BYTES:
            return None
    return bytes(body)


def _agency(request):
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    return request.app.state.agencies.get(hashlib.sha256(token.strip().encode()).digest())


def _problem(code):
    telemetry.REQUESTS.labels("intake", "problem", PROBLEMS[code][0]).inc()
    return _answer(code)


def _answer(code):
    status, zh, en = PROBLEMS[code]
    return JSONResponse({"code": code, "zh": zh, "en": en}, status)


@asynccontextmanager
async def _lifespan(app):
    chosen = settings.load()
    app.state.pool = Pool(chosen, size=8, read=envelope.read_any)
    # Looked up by digest, so that neither the time it takes nor a memory dump tells a token.
    tokens = json.loads(Path(os.environ["FENGQIAO_AGENCY_TOKENS"]).read_text("utf-8"))
    app.state.agencies = {hashlib.sha256(token.encode()).digest(): agency for agency, token in tokens.items()}
    yield
    app.state.pool.close()


async def _away(request, problem):
    return _problem("away")


app = Starlette(
    routes=[
        Route("/events", agency_posts_events, methods=["POST"]),
        Route("/receipts", agency_fetches_receipts),
        Route("/matters", insider_looks, methods=["POST"]),
        Route("/contract", anybody_reads_the_contract),
        *telemetry.routes(lambda: {"database": app.state.pool.answers()}),
    ],
    middleware=[Middleware(KnownHosts, hosts=settings.load_http().door_hosts, refusal=lambda: _problem("unknown_host"))],
    exception_handlers={DatabaseUnavailable: _away},
    lifespan=_lifespan,
)
