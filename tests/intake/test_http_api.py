"""Tests of intake's HTTP API: events, receipts, authentication, limits, and behaviour when the database is unavailable."""

import hashlib
import json
import threading
import time
from urllib.parse import quote

import httpx
import pytest
from starlette.testclient import TestClient

import contracts
from drills.tcp_proxies import tcp_proxy
from plumbing.inbox import SequenceConflict
from plumbing.pool import DatabaseUnavailable
from services.intake import envelope, ingest, outcomes, web
from services.intake.store import receipts
from tests.county import wait_until
from tests.intake.conftest import PERSON, REPORT, SECRETS, STRUCTURED, attributes, delivery
from tests.plumbing.conftest import make_event
from tests.plumbing.processes import Process

TOKENS = {"womens_federation": "token-of-the-women", "police": "token-of-the-police"}
BATCH = "application/cloudevents-batch+json"


def api_environment(intake, folder, **others) -> dict:
    """Return the environment variables of a process that serves the HTTP API. Write the file with the agencies' tokens."""
    (folder / "tokens.json").write_text(json.dumps(TOKENS))
    return intake.environment("intake", FENGQIAO_AGENCY_TOKENS=str(folder / "tokens.json"), **others)


@pytest.fixture
def api(intake, tmp_path, monkeypatch):
    """Return a test client that calls the application in the same process."""
    for name, value in api_environment(intake, tmp_path).items():
        monkeypatch.setenv(name, value)
    with TestClient(web.app, "http://127.0.0.1", headers={"Authorization": f"Bearer {TOKENS['womens_federation']}"}) as client:
        yield client


def event(agency="womens_federation", data=REPORT, **others) -> dict:
    return attributes(agency, **others) | {"data": data}


def event_with_fixed_time(**others) -> dict:
    return event(**{"time": "2026-11-20T02:00:00Z"} | others)


def to_bytes(event) -> bytes:
    return event if isinstance(event, bytes) else json.dumps(event).encode()


def post(client, event, content_type=STRUCTURED, **options):
    body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
    return client.post("/events", content=body, headers={"Content-Type": content_type} | options.pop("headers", {}), **options)


def receipt_types(response):
    return [receipt["type"] for receipt in (response.json() if isinstance(response.json(), list) else [response.json()])]


# ── host names ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "testserver", "127.0.0.1.evil.example", "door", ""])
@pytest.mark.parametrize("path", ["/events", "/receipts", "/contract", "/readyz", "/metrics"])
def test_a_request_for_an_unknown_host_name_is_rejected(api, intake, host, path):
    response = api.request("POST" if path == "/events" else "GET", path, headers={"host": host})

    assert (response.status_code, response.json()["code"]) == (400, "unknown_host")
    assert "接入点" in response.json()["zh"] and "FENGQIAO_DOOR_HOSTS" in response.json()["en"]
    assert intake.rows("select count(*) from intake.log") == [(0,)]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8001", "localhost", "LocalHost:8001", "[::1]", "[::1]:8001"])
def test_loopback_host_names_are_accepted_with_any_port(api, host):
    assert api.get("/readyz", headers={"host": host}).status_code == 200


# ── events in every mode ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_structured_event_is_answered_with_its_receipt(api):
    response = post(api, event())

    assert (response.status_code, response.headers["content-type"]) == (202, STRUCTURED)
    receipt = response.json()
    assert (receipt["type"], receipt["causationid"], receipt["source"]) == ("receipt.accepted", "e-1", "/services/intake")
    contracts.dump("receipt.accepted", receipt["data"], "intake")


def test_a_binary_event_may_have_percent_encoded_headers(api, intake):
    headers = {f"ce-{name}": quote(value, safe=":/+") for name, value in attributes(subject="妇联〔2026〕42号").items()}
    response = post(api, REPORT, "application/json", headers=headers)

    assert receipt_types(response) == ["receipt.accepted"]
    assert intake.rows("select report_no from intake.reports") == [("妇联〔2026〕42号",)]


def test_a_batch_is_answered_with_one_receipt_per_event_in_order(api):
    response = post(api, [event(id="e-1"), event(id="e-2", data={}), event(id="e-3", subject="R-3"), event(id="e-1")], BATCH)

    assert (response.status_code, response.headers["content-type"]) == (207, BATCH)
    assert [(receipt["type"], receipt["causationid"]) for receipt in response.json()] == [
        ("receipt.accepted", "e-1"),
        ("receipt.refused", "e-2"),
        ("receipt.accepted", "e-3"),
        ("receipt.accepted", "e-1"),
    ]
    assert response.json()[0] == response.json()[3]


@pytest.mark.parametrize("content_type", ["Application/CloudEvents+JSON; charset=utf-8", "APPLICATION/CLOUDEVENTS-BATCH+JSON"])
def test_a_content_type_is_case_insensitive(api, content_type):
    assert post(api, event() if "BATCH" not in content_type else [event()], content_type).status_code == 202


def test_the_same_event_sent_again_gets_the_same_receipt(api, intake):
    first, again = post(api, event()), post(api, event())

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert len(intake.rows("select 1 from intake.log")) == 1


@pytest.mark.parametrize(
    "refused",
    [event_with_fixed_time(type="dispute.invented"), event_with_fixed_time(data={}), b"no json", b'{"a":' * 40 + b"1" + b"}" * 40],
    ids=["unknown type", "empty data", "not JSON", "nested too deep"],
)
def test_a_refused_event_gets_the_same_status_and_receipt_each_time(api, refused):
    responses = [post(api, refused) for _ in range(3)]

    assert [response.status_code for response in responses] == [422, 422, 422]
    assert responses[0].content == responses[1].content == responses[2].content
    in_a_batch = post(api, b"[" + to_bytes(refused) + b"," + to_bytes(refused) + b"]", BATCH)
    assert in_a_batch.status_code == 422 and receipt_types(in_a_batch) == ["receipt.refused"] * 2


def test_a_repeated_batch_gets_the_same_status_each_time(api):
    mixed = [event(id="e-1"), event(id="e-2", data={})]
    responses = [post(api, mixed, BATCH) for _ in range(2)]

    assert [response.status_code for response in responses] == [207, 207]
    assert responses[0].content == responses[1].content


def test_unparsed_elements_of_a_batch_are_distinguished_by_their_bytes(api, intake):
    """Elements with different bytes are not duplicates of each other."""
    deep = b'{"id": "%s", "data": ' + b"[" * 2000 + b"]" * 2000 + b"}"
    response = post(api, b"[" + b", ".join([deep % b"e-1", deep % b"e-2", b"NaN", json.dumps(event(id="e-3")).encode()]) + b"]", BATCH)

    assert response.status_code == 207
    assert receipt_types(response) == ["receipt.refused"] * 3 + ["receipt.accepted"]
    assert len({receipt["causationid"] for receipt in response.json()}) == 4
    assert intake.rows("select count(*) from intake.log") == [(4,)]


def test_a_refused_event_has_the_status_422(api):
    response = post(api, event(type="dispute.invented"))

    assert response.status_code == 422 and response.json()["data"]["reason"]["code"] == "unknown_type"


def test_each_invalid_event_of_a_batch_is_refused_separately(api):
    deep = json.loads("[" * 300 + "]" * 300)
    response = post(api, [7, None, "x", [], {}, {"data": deep}, event(id="e-9")], BATCH)

    assert response.status_code == 207
    assert receipt_types(response) == ["receipt.refused"] * 6 + ["receipt.accepted"]


# ── requests that are not parsed ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic dG9rZW4=", "token-of-the-women", "Bearer token-of-the-women x"])
@pytest.mark.parametrize("path", ["/events", "/receipts"])
def test_a_request_without_a_valid_token_is_unauthorised(api, intake, header, path):
    response = api.request("POST" if path == "/events" else "GET", path, headers={"Authorization": header})

    assert response.status_code == 401 and response.json()["code"] == "unauthorised"
    assert intake.rows("select 1 from intake.log") == []


def test_an_event_with_another_agencys_source_is_refused(api, intake):
    response = post(api, event("police"))

    assert response.status_code == 422 and response.json()["data"]["reason"]["code"] == "wrong_source"
    assert intake.rows("select agency, refused_for from intake.log") == [("womens_federation", "wrong_source")]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x" * (4 * 2**20 + 1), STRUCTURED, 413),
        (b"[" + b"{}," * 500 + b"{}]", BATCH, 413),
        (b"", BATCH, 400),
        (b"{}", BATCH, 400),
        (b"[]", BATCH, 400),
        (b"\xff", BATCH, 400),
        (b"[" * 100_000, BATCH, 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/xml", 415),
        (b"{}", "", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_request_without_events_is_rejected_with_a_problem(api, intake, body, content_type, status):
    response = post(api, body, content_type)

    assert response.status_code == status
    assert set(response.json()) == {"code", "zh", "en"}
    assert intake.rows("select 1 from intake.log") == []


def test_a_body_of_unknown_length_is_limited_too(api):
    def endless():
        for _ in range(70):
            yield b"x" * 65536

    assert api.post("/events", content=endless(), headers={"Content-Type": STRUCTURED}).status_code == 413


def test_an_event_that_is_too_large_is_refused_with_a_receipt(api, intake):
    response = post(api, event(data=REPORT | {"padding": "x" * 300_000}))

    assert response.status_code == 422 and response.json()["data"]["reason"]["code"] == "too_large"
    assert intake.rows("select body_encrypted from intake.log") == [(None,)]


def test_a_response_never_contains_sent_data(api):
    for invalid_event in (
        event(data=REPORT | {"kind": PERSON}),
        event(id=PERSON),
        event(type=PERSON),
        event(subject=f"{PERSON} {PERSON}"),
        event(data={PERSON: PERSON}),
    ):
        response = post(api, invalid_event)
        assert response.status_code == 422 and PERSON not in response.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/events", 405), ("POST", "/receipts", 405), ("GET", "/nothing", 404), ("DELETE", "/events", 405)]
)
def test_other_paths_and_methods_are_rejected(api, method, path, status):
    assert api.request(method, path).status_code == status


# ── receipts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_receipts_are_returned_after_the_given_position(api):
    post(api, [event(id=f"e-{n}", subject=f"R-{n}") for n in range(3)], BATCH)
    first_page = api.get("/receipts")
    assert [receipt["causationid"] for receipt in first_page.json()] == ["e-0", "e-1", "e-2"]
    assert first_page.headers["fengqiao-position"] == "3"

    post(api, event(id="e-3", subject="R-3"))
    next_page = api.get("/receipts?after=3")
    assert [receipt["causationid"] for receipt in next_page.json()] == ["e-3"]
    assert api.get("/receipts?after=4").json() == [] and api.get("/receipts?after=4").headers["fengqiao-position"] == "4"


def test_an_agency_cannot_read_another_agencys_receipts(api):
    post(api, event())

    assert api.get("/receipts", headers={"Authorization": f"Bearer {TOKENS['police']}"}).json() == []


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1.5", "wait=-1", "wait=x", "after=" + "9" * 19, "after=٣", "after="])
def test_an_invalid_query_is_rejected(api, query):
    assert api.get(f"/receipts?{query}").status_code == 400


def test_a_waiting_request_returns_when_a_receipt_arrives(api, pool):
    receipt = post(api, event()).json()
    outcome = make_event(1, receipt["subject"], type="step.applied", event=receipt["data"]["event"], step="dispute.reported", state="registered")

    def decide():
        with pool.transaction() as tx:
            outcomes.process(tx, tx.unheard([outcome]))

    late = threading.Timer(0.6, decide)
    late.start()
    began = time.monotonic()
    response = api.get("/receipts?after=1&wait=20")
    late.join()

    assert receipt_types(response) == ["receipt.applied"]
    assert 0.5 < time.monotonic() - began < 10


def test_a_page_of_receipts_is_limited(api, pool, monkeypatch):
    monkeypatch.setattr(web, "RECEIPTS_PER_PAGE", 2)
    post(api, [event(id=f"e-{n}", subject=f"R-{n}") for n in range(3)], BATCH)

    first = api.get("/receipts")
    assert len(first.json()) == 2
    assert len(api.get(f"/receipts?after={first.headers['fengqiao-position']}").json()) == 1


# ── failures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_behind_a_parked_one_gets_its_receipt_later(api, pool, intake):
    with pool.transaction() as tx:
        tx.park(envelope.read(delivery()), "it failed")
    response = post(api, event(id="e-2"))

    assert response.status_code == 202 and response.json()["code"] == "held"
    assert intake.rows("select event_id from intake.waiting") == [("e-2",)]


def test_an_unavailable_database_results_in_status_503(api, monkeypatch):
    def raise_unavailable(*_):
        raise DatabaseUnavailable("simulated")

    monkeypatch.setattr(ingest, "ingest", raise_unavailable)
    assert post(api, event()).status_code == 503
    monkeypatch.setattr(receipts, "load_after", raise_unavailable)
    assert api.get("/receipts").status_code == 503


def test_persistent_sequence_conflicts_result_in_status_503(api, monkeypatch):
    def raise_conflict(*_):
        raise SequenceConflict

    monkeypatch.setattr(ingest, "ingest", raise_conflict)
    assert post(api, event()).status_code == 503


def test_a_request_that_waits_for_a_locked_row_times_out(api, pool, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT_SECONDS", 0.3)
    with pool.transaction() as tx:
        tx.rows("select * from intake.log_head for update")
        response = post(api, event())

    assert response.status_code == 503 and response.json()["code"] == "away"
    monkeypatch.undo()
    wait_until(lambda: post(api, event()).status_code == 202)  # the same event again: accepted, or a duplicate of the first request


def test_ingestion_is_retried_after_a_sequence_conflict(api, monkeypatch):
    original, attempts = ingest.ingest, []

    def fail_twice(*arguments):
        attempts.append(1)
        if len(attempts) < 3:
            raise SequenceConflict
        return original(*arguments)

    monkeypatch.setattr(ingest, "ingest", fail_twice)
    assert post(api, event()).status_code == 202


def test_the_contract_health_and_metrics_need_no_token(api):
    api.headers.pop("Authorization")

    assert api.get("/contract").json()["asyncapi"].startswith("3.")
    assert api.get("/healthz").status_code == api.get("/readyz").status_code == api.get("/metrics").status_code == 200


# ── as a separate process ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def api_process(sandbox, tmp_path_factory):
    """Start the HTTP API as a separate process, with a proxy between it and its database."""
    folder = tmp_path_factory.mktemp("door")
    with tcp_proxy(sandbox.databases["intake"]) as proxy:
        environment = api_environment(sandbox, folder, FENGQIAO_PROCESS="door") | {"DATABASE_URL": proxy.through(sandbox.databases["intake"])}
        with Process(folder / "door.log", "plumbing.serve", "services.intake.web:app", **environment) as process:
            process.proxy = proxy
            yield process.wait_ready()


@pytest.fixture
def process_client(api_process, intake):
    with httpx.Client(
        base_url=f"http://127.0.0.1:{api_process.port}", headers={"Authorization": f"Bearer {TOKENS['womens_federation']}"}, timeout=30
    ) as client:
        yield client


def test_events_are_accepted_while_other_requests_wait_for_receipts(process_client):
    waiting = [threading.Thread(target=lambda: process_client.get("/receipts?after=1000&wait=2")) for _ in range(12)]
    for thread in waiting:
        thread.start()
    responses = [post(process_client, event(id=f"e-{n}", subject=f"R-{n}")) for n in range(5)]
    for thread in waiting:
        thread.join()

    assert {response.status_code for response in responses} == {202}
    assert "fengqiao_http_requests_total" in process_client.get("/metrics").text


def test_readiness_follows_the_availability_of_the_database(process_client, api_process):
    api_process.proxy.interrupt()
    assert post(process_client, event()).status_code == 503
    assert process_client.get("/readyz").status_code == 503 and process_client.get("/healthz").status_code == 200
    api_process.proxy.mend()

    wait_until(lambda: post(process_client, event()).status_code == 202)


def test_personal_data_and_tokens_appear_in_no_log_and_no_metric(process_client, api_process):
    post(process_client, event())
    post(process_client, event(id="e-2", data=REPORT | {"kind": PERSON}))
    post(process_client, [event(id="e-3", data={"name": PERSON})], BATCH)
    post(process_client, event(id=PERSON, type=PERSON, subject=PERSON))
    process_client.get(f"/receipts?after={quote(PERSON)}")
    process_client.get(f"/{quote(PERSON)}")

    output = api_process.log.read_text() + process_client.get("/metrics").text
    assert "intake" in output
    for secret in (*SECRETS, *TOKENS.values(), quote(PERSON), hashlib.sha256(PERSON.encode()).hexdigest()):
        assert secret not in output
