"""Intake's HTTP API for agencies (Starlette). Events are processed in the same way as events from the broker.

POST /events     CloudEvents, binary, structured or batch    202 accepted · 422 refused · 207 some of each · 400/401/413/415 not parsed
GET  /receipts   ?after=<position>&wait=<seconds>            the agency's receipts in order, as a CloudEvents batch; 410: see below
POST /matters    {"dispute", "reason", "officer"}            a dispute's data in the safeguard lane, for its agencies only; logged
GET  /contract   the AsyncAPI document                       GET /healthz, /readyz, /metrics

A position has the form <epoch>.<number>; 0 means from the beginning. A position of an earlier epoch gets 410: the hub has recovered from a loss of data,
and the answer says which events the agency has to send again, and the position at which to continue.
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
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts import asyncapi
from contracts.kinds import ACCESS_REASONS
from contracts.safeguard import has_safeguard_access
from plumbing import settings, telemetry
from plumbing.events import Delivery
from plumbing.hosts import AllowedHosts
from plumbing.logs import describe
from plumbing.pool import DatabaseUnavailable, Pool, should_try_again
from services.intake import codes, envelope, ingest, nesting, replies
from services.intake.store import lane, receipts

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
MAX_REQUEST_BYTES = 4 * 2**20
MAX_BATCH_EVENTS = 500
MAX_WAIT_SECONDS = 30
POSITION_HEADER = "Fengqiao-Position"
POLL_SECONDS = 0.25
TIMEOUT_SECONDS = 20  # limit for a transaction; the database raises no error while a disk hangs or a row stays locked
RECEIPTS_PER_PAGE = 500
POSITION_PATTERN = re.compile(r"0|([1-9]\d{0,8})\.(\d{1,18})", re.ASCII)  # epoch and number
STAFF_NUMBER_PATTERN = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)  # the officer is given by staff number; names are not accepted

# fmt: off
PROBLEMS = {  # responses to requests that get no receipt: code: (HTTP status, text in Chinese, text in English)
    "unauthorised":  (401, "请在 Authorization 头中提供本机构的令牌：Bearer <令牌>。", "Send your agency's token: Authorization: Bearer <token>."),
    "too_large":     (413, "请求超过上限。请分批发送。", "The request is too large. Send smaller batches."),
    "not_json":      (400, "请求内容不是JSON对象或列表。", "The body is not a JSON object or list."),
    "wrong_type":    (415, "Content-Type 须为 application/json、application/cloudevents+json 或 application/cloudevents-batch+json。",
                           "Content-Type must be application/json, application/cloudevents+json or application/cloudevents-batch+json."),
    "bad_query":     (400, "after 须为0或者此前答复的Fengqiao-Position，wait 须为非负整数。",
                           "`after` must be 0 or the `Fengqiao-Position` of an earlier answer, `wait` a non-negative integer."),
    "old_epoch":     (410, "系统曾恢复数据。请以相同id重新上报尚无回执的事件，以及since以后回执的事件（如有since），再从after继续读取回执。",
                           "The hub has recovered from a loss of data. Send again, with the same id, your events without a receipt and, if `since` is given,"
                           " those answered since then; then continue to read receipts from `after`."),
    "unknown_host":  (400, "本接入点不以该主机名（Host）提供服务。请使用已登记的主机名，或在FENGQIAO_DOOR_HOSTS中登记。",
                           "The API does not serve this host name (Host). Use a registered name, or add the name to FENGQIAO_DOOR_HOSTS."),
    "held":          (202, "已保存。同一事项的前一事件尚在核查，处理完毕后另发回执。",
                           "Stored. An earlier event with the same subject is being examined; the receipt is sent when that is completed."),
    "bad_look":      (400, "须提供 dispute（纠纷编码）、reason（查阅理由）和 officer（工号）。", "Provide `dispute` (the dispute's code), `reason` and `officer` (a staff number)."),
    "not_found":     (404, "没有可供查阅的事项。", "There is no such matter, or you may not view it."),
    "away":          (503, "系统暂时无法保存，请保留事件，稍后重新发送。", "Events cannot be stored at present. Keep the event and send it again later."),
}
# fmt: on


async def post_events(request: Request) -> Response:
    """Process the events in the request. Return their receipts in the same order."""
    agency = _authenticate(request)
    if agency is None:
        return _problem_response("unauthorised")
    body = await _read_body(request)
    if body is None:
        return _problem_response("too_large")
    try:
        deliveries = _build_deliveries(agency, request.headers, body)
    except KeyError as problem:
        return _problem_response(problem.args[0])
    decisions, answers = await _run_with_timeout(_ingest, request.app.state.pool, deliveries)
    if len(decisions) < len(deliveries):
        return _problem_response("held")
    refused = sum(decision.is_refused for decision in decisions)
    status = 202 if not refused else 422 if refused == len(decisions) else 207
    telemetry.HTTP_REQUESTS.labels("intake", "events", status).inc()
    if request.headers.get("content-type", "").lower().startswith(BATCH):
        return Response(b"[" + b",".join(answers) + b"]", status, media_type=BATCH)
    return Response(answers[0], status, media_type=STRUCTURED)


async def get_receipts(request: Request) -> Response:
    """Return the agency's receipts after the position `after`. If there are none yet, wait for up to `wait` seconds."""
    agency = _authenticate(request)
    if agency is None:
        return _problem_response("unauthorised")
    position, wait = POSITION_PATTERN.fullmatch(request.query_params.get("after", "0")), request.query_params.get("wait", "0")
    if position is None or not (wait.isascii() and wait.isdigit()):
        return _problem_response("bad_query")
    asked_epoch, after = (int(position[1]), int(position[2])) if position[1] else (None, 0)
    until = time.monotonic() + min(int(wait), MAX_WAIT_SECONDS)
    while True:
        epoch, found = await _run_with_timeout(_load_receipts, request.app.state.pool, agency, asked_epoch, after)
        if asked_epoch not in (None, epoch):
            return await _old_epoch_response(request, agency, asked_epoch, after)
        if found or time.monotonic() >= until:
            break
        await anyio.sleep(POLL_SECONDS)
    last = found[-1][0] if found else after
    return Response(b"[" + b",".join(body for _, body in found) + b"]", media_type=BATCH, headers={POSITION_HEADER: f"{epoch}.{last}"})


async def _old_epoch_response(request, agency, asked_epoch, after):
    """Return the answer to a position of an earlier epoch: what to send again, and where to continue."""
    epoch, lost_since_at, last = await _run_with_timeout(_load_recovery, request.app.state.pool, agency, asked_epoch)
    status, zh, en = PROBLEMS["old_epoch"]
    telemetry.HTTP_REQUESTS.labels("intake", "problem", status).inc()
    position = f"{epoch}.{min(after, last)}"
    instructions = {"epoch": epoch, "after": position} | ({"since": lost_since_at.isoformat()} if lost_since_at else {})
    return JSONResponse({"code": "old_epoch", "zh": zh, "en": en, **instructions}, status, headers={POSITION_HEADER: position})


async def view_safeguarded_dispute(request: Request) -> Response:
    """Return a dispute's data in the safeguard lane (events that only police, courts and women's federation see).

    The access is logged first, with agency, officer, reason and time. All other agencies get 404 for every code, and so do agencies inside the
    safeguard lane for a dispute that is not in it. The code is in the request body, not in the URL, so that it appears in no HTTP access log.
    Requests are not counted in the metrics, which would show that there was data to view.
    """
    agency = _authenticate(request)
    if agency is None:
        return _problem_response("unauthorised")
    query = _parse_view_query(await _read_body(request))
    if query is None:
        return _problem_json("bad_look")
    view = await _run_with_timeout(_load_safeguard_view, request.app.state.pool, agency, query)
    return _problem_json("not_found") if view is None else Response(orjson.dumps(view), media_type="application/json")


async def get_contract(request: Request) -> Response:
    return Response(request.app.state.contract, media_type="application/json")


async def _run_with_timeout(function, *arguments):
    """Call the function in a thread and return its result. Raises DatabaseUnavailable after TIMEOUT_SECONDS.

    The call may still complete after the timeout. If the agency then sends the event again, the event is recognised as a duplicate by its id.
    """
    with anyio.move_on_after(TIMEOUT_SECONDS):
        return await anyio.to_thread.run_sync(function, *arguments, abandon_on_cancel=True)
    raise DatabaseUnavailable("no answer in time")


def _ingest(pool, deliveries):
    for attempt in range(4):
        try:
            with pool.transaction() as tx:
                decisions = ingest.ingest(tx, tx.unheard([envelope.read(delivery) for delivery in deliveries]))
                stored = iter(receipts.load_by_ids(tx, [replies.receipt_id(d.seq, "first") for d in decisions if d.unstored_receipt is None]))
                return decisions, [next(stored) if decision.unstored_receipt is None else decision.unstored_receipt for decision in decisions]
        except Exception as problem:
            if not should_try_again(problem):
                raise
            if attempt == 3:
                raise DatabaseUnavailable(describe(problem)) from problem
            time.sleep(0.05 * 2**attempt)


def _load_receipts(pool, agency, asked_epoch, after):
    """Return the present epoch and, unless the position is of another one, the agency's receipts after it."""
    with pool.transaction() as tx:
        epoch = receipts.load_epoch(tx)
        return epoch, receipts.load_after(tx, agency, after, RECEIPTS_PER_PAGE) if asked_epoch in (None, epoch) else []


def _load_recovery(pool, agency, asked_epoch):
    with pool.transaction() as tx:
        return receipts.load_epoch(tx), receipts.load_loss_since(tx, asked_epoch), receipts.load_last_position(tx, agency)


def _load_safeguard_view(pool, agency, query):
    with pool.transaction() as tx:
        return lane.log_access_and_load_view(tx, agency, query["officer"], query["reason"], query["dispute"], has_safeguard_access(agency))


def _parse_view_query(body) -> dict | None:
    try:
        query = orjson.loads(body or b"")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(query, dict) or not all(isinstance(query.get(name), str) for name in ("dispute", "reason", "officer")):
        return None
    is_valid = codes.has_code_form(query["dispute"]) and query["reason"] in ACCESS_REASONS and STAFF_NUMBER_PATTERN.fullmatch(query["officer"])
    return query if is_valid else None


def _build_deliveries(agency, headers, body):
    """Return one delivery for each event in the request. Raises KeyError with a code of PROBLEMS if the request cannot be parsed."""
    content_type = headers.get("content-type", "").lower()
    make = partial(Delivery, routing_key=agency, user_id=agency)
    if content_type.startswith(BATCH):
        try:
            events = nesting.split_json_list(body)
        except ValueError:
            raise KeyError("not_json") from None
        if not events:
            raise KeyError("not_json")
        if len(events) > MAX_BATCH_EVENTS:
            raise KeyError("too_large")
        return [make(event, STRUCTURED) for event in events]
    if content_type.startswith(STRUCTURED):
        return [make(body, STRUCTURED)]
    if content_type.startswith("application/json"):
        # In headers, the HTTP binding of CloudEvents requires percent-encoding of non-ASCII characters.
        return [make(body, content_type, headers={name: unquote(value) for name, value in headers.items() if name.startswith("ce-")})]
    raise KeyError("wrong_type")


async def _read_body(request):
    """Return the request body, or None if it exceeds MAX_REQUEST_BYTES."""
    if int(request.headers.get("content-length") or 0) > MAX_REQUEST_BYTES:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            return None
    return bytes(body)


def _authenticate(request):
    """Return the agency whose access token is in the Authorization header, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    return request.app.state.agencies.get(hashlib.sha256(token.strip().encode()).digest())


def _problem_response(code):
    """Return the response for a code of PROBLEMS, and count the response in the metrics."""
    telemetry.HTTP_REQUESTS.labels("intake", "problem", PROBLEMS[code][0]).inc()
    return _problem_json(code)


def _problem_json(code):
    status, zh, en = PROBLEMS[code]
    return JSONResponse({"code": code, "zh": zh, "en": en}, status)


@asynccontextmanager
async def _lifespan(app):
    loaded_settings = settings.load()
    app.state.contract = orjson.dumps(asyncapi.document())
    app.state.pool = Pool(loaded_settings, size=8, read=envelope.read_any, prepares_statements=True)
    # Access tokens are looked up by their digest, so that neither response times nor a memory dump reveals a token.
    tokens = json.loads(Path(os.environ["FENGQIAO_AGENCY_TOKENS"]).read_text("utf-8"))
    app.state.agencies = {hashlib.sha256(token.encode()).digest(): agency for agency, token in tokens.items()}
    yield
    app.state.pool.close()


async def _on_database_unavailable(request, problem):
    return _problem_response("away")


app = Starlette(
    routes=[
        Route("/events", post_events, methods=["POST"]),
        Route("/receipts", get_receipts),
        Route("/matters", view_safeguarded_dispute, methods=["POST"]),
        Route("/contract", get_contract),
        *telemetry.routes(lambda: {"database": app.state.pool.is_answering()}),
    ],
    middleware=[Middleware(AllowedHosts, hosts=settings.load_web_settings().door_hosts, refusal=lambda: _problem_response("unknown_host"))],
    exception_handlers={DatabaseUnavailable: _on_database_unavailable},
    lifespan=_lifespan,
)
