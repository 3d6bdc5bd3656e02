"""Tests of intake's HTTP API: events, receipts, authentication, size limits, and behaviour while the database is unavailable."""

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
from tests.intake.conftest import PERSON, REPORT, SECRETS, STRUCTURED, delivery, event_attributes
from tests.plumbing.conftest import make_event
from tests.plumbing.processes import Process

ACCESS_TOKENS = {"womens_federation": "token-of-the-women", "police": "token-of-the-police"}
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"


def api_environment(intake, folder, **others) -> dict:
    """Return the environment variables of a process that serves the HTTP API, and write the file with the agencies' access tokens."""
    (folder / "tokens.json").write_text(json.dumps(ACCESS_TOKENS))
    return intake.environment("intake", FENGQIAO_AGENCY_TOKENS=str(folder / "tokens.json"), **others)


@pytest.fixture
def api(intake, tmp_path, monkeypatch):
    """Return a test client that calls the HTTP API in the same process, authenticated as the women's federation."""
    for name, value in api_environment(intake, tmp_path).items():
        monkeypatch.setenv(name, value)
    with TestClient(web.app, "http://127.0.0.1", headers={"Authorization": f"Bearer {ACCESS_TOKENS['womens_federation']}"}) as client:
        yield client


def make_event_json(agency="womens_federation", data=REPORT, **others) -> dict:
    return event_attributes(agency, **others) | {"data": data}


def event_with_fixed_time(**others) -> dict:
    return make_event_json(**{"time": "2026-11-20T02:00:00Z"} | others)


def to_bytes(event) -> bytes:
    return event if isinstance(event, bytes) else json.dumps(event).encode()


def post_event(client, event, content_type=STRUCTURED, **options):
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


def test_an_event_in_structured_mode_is_answered_with_its_receipt(api):
    response = post_event(api, make_event_json())

    assert (response.status_code, response.headers["content-type"]) == (202, STRUCTURED)
    receipt = response.json()
    assert (receipt["type"], receipt["causationid"], receipt["source"]) == ("receipt.accepted", "e-1", "/services/intake")
    contracts.dump("receipt.accepted", receipt["data"], "intake")


def test_an_event_in_binary_mode_may_have_percent_encoded_headers(api, intake):
    headers = {f"ce-{name}": quote(value, safe=":/+") for name, value in event_attributes(subject="妇联〔2026〕42号").items()}
    response = post_event(api, REPORT, "application/json", headers=headers)

    assert receipt_types(response) == ["receipt.accepted"]
    assert intake.rows("select report_no from intake.reports") == [("妇联〔2026〕42号",)]


def test_a_batch_is_answered_with_one_receipt_per_event_in_order(api):
    response = post_event(
        api,
        [make_event_json(id="e-1"), make_event_json(id="e-2", data={}), make_event_json(id="e-3", subject="R-3"), make_event_json(id="e-1")],
        BATCH_CONTENT_TYPE,
    )

    assert (response.status_code, response.headers["content-type"]) == (207, BATCH_CONTENT_TYPE)
    assert [(receipt["type"], receipt["causationid"]) for receipt in response.json()] == [
        ("receipt.accepted", "e-1"),
        ("receipt.refused", "e-2"),
        ("receipt.accepted", "e-3"),
        ("receipt.accepted", "e-1"),
    ]
    assert response.json()[0] == response.json()[3]


@pytest.mark.parametrize("content_type", ["Application/CloudEvents+JSON; charset=utf-8", "APPLICATION/CLOUDEVENTS-BATCH+JSON"])
def test_a_content_type_is_case_insensitive(api, content_type):
    assert post_event(api, make_event_json() if "BATCH" not in content_type else [make_event_json()], content_type).status_code == 202


def test_an_event_sent_twice_gets_the_same_receipt_twice(api, intake):
    first, again = post_event(api, make_event_json()), post_event(api, make_event_json())

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert len(intake.rows("select 1 from intake.log")) == 1


@pytest.mark.parametrize(
    "refused",
    [event_with_fixed_time(type="dispute.invented"), event_with_fixed_time(data={}), b"no json", b'{"a":' * 40 + b"1" + b"}" * 40],
    ids=["unknown type", "empty data", "not JSON", "nested too deep"],
)
def test_a_refused_event_sent_repeatedly_gets_the_same_status_and_receipt_each_time(api, refused):
    responses = [post_event(api, refused) for _ in range(3)]

    assert [response.status_code for response in responses] == [422, 422, 422]
    assert responses[0].content == responses[1].content == responses[2].content
    in_a_batch = post_event(api, b"[" + to_bytes(refused) + b"," + to_bytes(refused) + b"]", BATCH_CONTENT_TYPE)
    assert in_a_batch.status_code == 422 and receipt_types(in_a_batch) == ["receipt.refused"] * 2


def test_a_batch_sent_repeatedly_gets_the_same_status_and_receipts_each_time(api):
    mixed = [make_event_json(id="e-1"), make_event_json(id="e-2", data={})]
    responses = [post_event(api, mixed, BATCH_CONTENT_TYPE) for _ in range(2)]

    assert [response.status_code for response in responses] == [207, 207]
    assert responses[0].content == responses[1].content


def test_elements_of_a_batch_that_cannot_be_parsed_are_distinguished_by_their_bytes(api, intake):
    """Two elements of a batch that cannot be parsed are duplicates only if their bytes are equal."""
    deep = b'{"id": "%s", "data": ' + b"[" * 2000 + b"]" * 2000 + b"}"
    response = post_event(
        api, b"[" + b", ".join([deep % b"e-1", deep % b"e-2", b"NaN", json.dumps(make_event_json(id="e-3")).encode()]) + b"]", BATCH_CONTENT_TYPE
    )

    assert response.status_code == 207
    assert receipt_types(response) == ["receipt.refused"] * 3 + ["receipt.accepted"]
    assert len({receipt["causationid"] for receipt in response.json()}) == 4
    assert intake.rows("select count(*) from intake.log") == [(4,)]


def test_a_request_with_a_refused_event_is_answered_with_status_422(api):
    response = post_event(api, make_event_json(type="dispute.invented"))

    assert response.status_code == 422 and response.json()["data"]["reason"]["code"] == "unknown_type"


def test_each_invalid_event_of_a_batch_is_refused_separately(api):
    deep = json.loads("[" * 300 + "]" * 300)
    response = post_event(api, [7, None, "x", [], {}, {"data": deep}, make_event_json(id="e-9")], BATCH_CONTENT_TYPE)

    assert response.status_code == 207
    assert receipt_types(response) == ["receipt.refused"] * 6 + ["receipt.accepted"]


# ── requests that are not parsed ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic dG9rZW4=", "token-of-the-women", "Bearer token-of-the-women x"])
@pytest.mark.parametrize("path", ["/events", "/receipts"])
def test_a_request_without_a_valid_access_token_is_unauthorised(api, intake, header, path):
    response = api.request("POST" if path == "/events" else "GET", path, headers={"Authorization": header})

    assert response.status_code == 401 and response.json()["code"] == "unauthorised"
    assert intake.rows("select 1 from intake.log") == []


def test_an_event_with_another_agencys_source_is_refused(api, intake):
    response = post_event(api, make_event_json("police"))

    assert response.status_code == 422 and response.json()["data"]["reason"]["code"] == "wrong_source"
    assert intake.rows("select agency, refused_for from intake.log") == [("womens_federation", "wrong_source")]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x" * (4 * 2**20 + 1), STRUCTURED, 413),
        (b"[" + b"{}," * 500 + b"{}]", BATCH_CONTENT_TYPE, 413),
        (b"", BATCH_CONTENT_TYPE, 400),
        (b"{}", BATCH_CONTENT_TYPE, 400),
        (b"[]", BATCH_CONTENT_TYPE, 400),
        (b"\xff", BATCH_CONTENT_TYPE, 400),
        (b"[" * 100_000, BATCH_CONTENT_TYPE, 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/xml", 415),
        (b"{}", "", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_request_from_which_no_events_can_be_read_is_rejected(api, intake, body, content_type, status):
    response = post_event(api, body, content_type)

    assert response.status_code == status
    assert set(response.json()) == {"code", "zh", "en"}
    assert intake.rows("select 1 from intake.log") == []


def test_a_request_body_without_content_length_is_limited_too(api):
    def endless_body():
        for _ in range(70):
            yield b"x" * 65536

    assert api.post("/events", content=endless_body(), headers={"Content-Type": STRUCTURED}).status_code == 413


def test_an_event_that_is_too_large_is_refused_with_a_receipt(api, intake):
    response = post_event(api, make_event_json(data=REPORT | {"padding": "x" * 300_000}))

    assert response.status_code == 422 and response.json()["data"]["reason"]["code"] == "too_large"
    assert intake.rows("select delivery_encrypted from intake.log") == [(None,)]


def test_the_response_to_an_invalid_event_contains_none_of_the_sent_data(api):
    for invalid_event in (
        make_event_json(data=REPORT | {"kind": PERSON}),
        make_event_json(id=PERSON),
        make_event_json(type=PERSON),
        make_event_json(subject=f"{PERSON} {PERSON}"),
        make_event_json(data={PERSON: PERSON}),
    ):
        response = post_event(api, invalid_event)
        assert response.status_code == 422 and PERSON not in response.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/events", 405), ("POST", "/receipts", 405), ("GET", "/nothing", 404), ("DELETE", "/events", 405)]
)
def test_unknown_paths_and_methods_are_rejected(api, method, path, status):
    assert api.request(method, path).status_code == status


# ── receipts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_receipts_are_returned_after_the_given_position(api):
    post_event(api, [make_event_json(id=f"e-{n}", subject=f"R-{n}") for n in range(3)], BATCH_CONTENT_TYPE)
    first_page = api.get("/receipts")
    assert [receipt["causationid"] for receipt in first_page.json()] == ["e-0", "e-1", "e-2"]
    assert first_page.headers["fengqiao-position"] == "1.3"

    post_event(api, make_event_json(id="e-3", subject="R-3"))
    next_page = api.get("/receipts?after=1.3")
    assert [receipt["causationid"] for receipt in next_page.json()] == ["e-3"]
    assert api.get("/receipts?after=1.4").json() == [] and api.get("/receipts?after=1.4").headers["fengqiao-position"] == "1.4"


def test_a_position_of_an_earlier_epoch_gets_instructions_and_the_position_to_continue_with(api, intake):
    post_event(api, [make_event_json(id=f"e-{n}", subject=f"R-{n}") for n in range(3)], BATCH_CONTENT_TYPE)
    intake.rows("update intake.epoch set number = 3; insert into intake.recoveries (epoch, lost_since_at) values (2, '2026-03-02T02:00:00Z'), (3, null)")
    try:
        response = api.get("/receipts?after=1.9")
        answer = response.json()

        assert response.status_code == 410 and answer["code"] == "old_epoch" and "重新上报" in answer["zh"] and "Send again" in answer["en"]
        assert (answer["epoch"], answer["after"], answer["since"]) == (3, "3.3", "2026-03-02T02:00:00+00:00")
        assert api.get(f"/receipts?after={answer['after']}").json() == [] and len(api.get("/receipts").json()) == 3
        assert "since" not in api.get("/receipts?after=2.1").json()
    finally:
        intake.rows("update intake.epoch set number = 1; delete from intake.recoveries")


def test_an_agency_cannot_read_another_agencys_receipts(api):
    post_event(api, make_event_json())

    assert api.get("/receipts", headers={"Authorization": f"Bearer {ACCESS_TOKENS['police']}"}).json() == []


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1.5.1", "after=0.5", "after=7", "wait=-1", "wait=x", "after=" + "9" * 19, "after=٣", "after="])
def test_a_request_for_receipts_with_an_invalid_query_is_rejected(api, query):
    assert api.get(f"/receipts?{query}").status_code == 400


def test_a_request_that_waits_for_receipts_returns_when_a_receipt_arrives(api, pool):
    receipt = post_event(api, make_event_json()).json()
    outcome = make_event(1, receipt["subject"], type="dispute.reported", event=receipt["data"]["event"], state="registered")

    def process_outcome():
        with pool.transaction() as tx:
            outcomes.process_events(tx, tx.unheard([outcome]))

    late = threading.Timer(0.6, process_outcome)
    late.start()
    began = time.monotonic()
    response = api.get("/receipts?after=1.1&wait=20")
    late.join()

    assert receipt_types(response) == ["receipt.applied"]
    assert 0.5 < time.monotonic() - began < 10


def test_a_response_with_receipts_contains_at_most_one_page(api, pool, monkeypatch):
    monkeypatch.setattr(web, "RECEIPTS_PER_PAGE", 2)
    post_event(api, [make_event_json(id=f"e-{n}", subject=f"R-{n}") for n in range(3)], BATCH_CONTENT_TYPE)

    first = api.get("/receipts")
    assert len(first.json()) == 2
    assert len(api.get(f"/receipts?after={first.headers['fengqiao-position']}").json()) == 1


# ── failures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_that_waits_behind_a_parked_event_gets_its_receipt_later(api, pool, intake):
    with pool.transaction() as tx:
        tx.park(envelope.read(delivery()), "it failed")
    response = post_event(api, make_event_json(id="e-2"))

    assert response.status_code == 202 and response.json()["code"] == "held"
    assert intake.rows("select event_id from intake.waiting") == [("e-2",)]


def test_a_request_while_the_database_is_unavailable_is_answered_with_status_503(api, monkeypatch):
    def raise_unavailable(*_):
        raise DatabaseUnavailable("simulated")

    monkeypatch.setattr(ingest, "ingest", raise_unavailable)
    assert post_event(api, make_event_json()).status_code == 503
    monkeypatch.setattr(receipts, "load_after", raise_unavailable)
    assert api.get("/receipts").status_code == 503


def test_an_event_whose_sequence_conflict_persists_is_answered_with_status_503(api, monkeypatch):
    def raise_conflict(*_):
        raise SequenceConflict

    monkeypatch.setattr(ingest, "ingest", raise_conflict)
    assert post_event(api, make_event_json()).status_code == 503


def test_a_request_that_waits_for_a_locked_row_times_out(api, pool, monkeypatch):
    monkeypatch.setattr(web, "TIMEOUT_SECONDS", 0.3)
    with pool.transaction() as tx:
        tx.rows("select * from intake.log_head for update")
        response = post_event(api, make_event_json())

    assert response.status_code == 503 and response.json()["code"] == "away"
    monkeypatch.undo()
    wait_until(
        lambda: post_event(api, make_event_json()).status_code == 202
    )  # either the event is accepted now, or it duplicates the event of the first request


def test_an_event_is_processed_again_after_a_sequence_conflict(api, monkeypatch):
    original, attempts = ingest.ingest, []

    def fail_twice(*arguments):
        attempts.append(1)
        if len(attempts) < 3:
            raise SequenceConflict
        return original(*arguments)

    monkeypatch.setattr(ingest, "ingest", fail_twice)
    assert post_event(api, make_event_json()).status_code == 202


def test_contract_health_and_metrics_are_served_without_an_access_token(api):
    api.headers.pop("Authorization")

    assert api.get("/contract").json()["asyncapi"].startswith("3.")
    assert api.get("/healthz").status_code == api.get("/readyz").status_code == api.get("/metrics").status_code == 200


# ── HTTP API as a separate process ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def api_process(sandbox, tmp_path_factory):
    """Start the HTTP API as a separate process, with a TCP proxy between the process and the database."""
    folder = tmp_path_factory.mktemp("door")
    with tcp_proxy(sandbox.databases["intake"]) as proxy:
        environment = api_environment(sandbox, folder, FENGQIAO_PROCESS="door") | {"DATABASE_URL": proxy.url_through_proxy(sandbox.databases["intake"])}
        with Process(folder / "door.log", "plumbing.serve", "services.intake.web:app", **environment) as process:
            process.proxy = proxy
            yield process.wait_ready()


@pytest.fixture
def process_client(api_process, intake):
    with httpx.Client(
        base_url=f"http://127.0.0.1:{api_process.port}", headers={"Authorization": f"Bearer {ACCESS_TOKENS['womens_federation']}"}, timeout=30
    ) as client:
        yield client


def test_events_are_accepted_while_other_requests_wait_for_receipts(process_client):
    waiting = [threading.Thread(target=lambda: process_client.get("/receipts?after=1.1000&wait=2")) for _ in range(12)]
    for thread in waiting:
        thread.start()
    responses = [post_event(process_client, make_event_json(id=f"e-{n}", subject=f"R-{n}")) for n in range(5)]
    for thread in waiting:
        thread.join()

    assert {response.status_code for response in responses} == {202}
    assert "fengqiao_http_requests_total" in process_client.get("/metrics").text


def test_the_http_api_is_ready_only_while_the_database_is_available(process_client, api_process):
    api_process.proxy.interrupt_connections()
    assert post_event(process_client, make_event_json()).status_code == 503
    assert process_client.get("/readyz").status_code == 503 and process_client.get("/healthz").status_code == 200
    api_process.proxy.undo_changes()

    wait_until(lambda: post_event(process_client, make_event_json()).status_code == 202)


def test_personal_data_and_access_tokens_appear_in_no_log_and_no_metric(process_client, api_process):
    post_event(process_client, make_event_json())
    post_event(process_client, make_event_json(id="e-2", data=REPORT | {"kind": PERSON}))
    post_event(process_client, [make_event_json(id="e-3", data={"name": PERSON})], BATCH_CONTENT_TYPE)
    post_event(process_client, make_event_json(id=PERSON, type=PERSON, subject=PERSON))
    process_client.get(f"/receipts?after={quote(PERSON)}")
    process_client.get(f"/{quote(PERSON)}")

    output = api_process.log.read_text() + process_client.get("/metrics").text
    assert "intake" in output
    for secret in (*SECRETS, *ACCESS_TOKENS.values(), quote(PERSON), hashlib.sha256(PERSON.encode()).hexdigest()):
        assert secret not in output
