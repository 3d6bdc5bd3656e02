"""Can an agency without a broker do the same over HTTP, and is it told the same?"""

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
from plumbing.inbox import SequenceMoved
from plumbing.pool import DatabaseUnavailable
from services.intake import envelope, ingest, outcomes, web
from services.intake.store import receipts
from tests.county import wait_until
from tests.intake.conftest import PERSON, REPORT, SECRETS, STRUCTURED, attributes, delivery
from tests.plumbing.conftest import heard
from tests.plumbing.processes import Process

TOKENS = {"womens_federation": "token-of-the-women", "police": "token-of-the-police"}
BATCH = "application/cloudevents-batch+json"


def told(intake, folder, **others) -> dict:
    """The environment of a door."""
    (folder / "tokens.json").write_text(json.dumps(TOKENS))
    return intake.environment("intake", FENGQIAO_AGENCY_TOKENS=str(folder / "tokens.json"), **others)


@pytest.fixture
def door(intake, tmp_path, monkeypatch):
    """The application with nothing between it and the test."""
    for name, value in told(intake, tmp_path).items():
        monkeypatch.setenv(name, value)
    with TestClient(web.app, "http://127.0.0.1", headers={"Authorization": f"Bearer {TOKENS['womens_federation']}"}) as client:
        yield client


def event(agency="womens_federation", data=REPORT, **others) -> dict:
    return attributes(agency, **others) | {"data": data}


def event_with(**others) -> dict:
    return event(**{"time": "2026-11-20T02:00:00Z"} | others)


def refused_bytes(sent) -> bytes:
    return sent if isinstance(sent, bytes) else json.dumps(sent).encode()


def post(door, event, kind=STRUCTURED, **options):
    body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
    return door.post("/events", content=body, headers={"Content-Type": kind} | options.pop("headers", {}), **options)


def kinds(answer):
    return [receipt["type"] for receipt in (answer.json() if isinstance(answer.json(), list) else [answer.json()])]


# ── under which name ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "testserver", "127.0.0.1.evil.example", "door", ""])
@pytest.mark.parametrize("path", ["/events", "/receipts", "/contract", "/readyz", "/metrics"])
def test_under_a_name_that_is_not_ours_nothing_is_answered(door, intake, host, path):
    answer = door.request("POST" if path == "/events" else "GET", path, headers={"host": host})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")
    assert "接入点" in answer.json()["zh"] and "FENGQIAO_DOOR_HOSTS" in answer.json()["en"]
    assert intake.rows("select count(*) from intake.log") == [(0,)]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8001", "localhost", "LocalHost:8001", "[::1]", "[::1]:8001"])
def test_under_a_loopback_name_the_door_answers_at_any_port(door, host):
    assert door.get("/readyz", headers={"host": host}).status_code == 200


# ── in every mode ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_structured_event_is_answered_with_its_receipt(door):
    answer = post(door, event())

    assert (answer.status_code, answer.headers["content-type"]) == (202, STRUCTURED)
    receipt = answer.json()
    assert (receipt["type"], receipt["causationid"], receipt["source"]) == ("receipt.accepted", "e-1", "/services/intake")
    contracts.dump("receipt.accepted", receipt["data"], "intake")


def test_a_binary_event_too_with_what_is_not_ascii_percent_encoded(door, intake):
    headers = {f"ce-{name}": quote(value, safe=":/+") for name, value in attributes(subject="妇联〔2026〕42号").items()}
    answer = post(door, REPORT, "application/json", headers=headers)

    assert kinds(answer) == ["receipt.accepted"]
    assert intake.rows("select report_no from intake.reports") == [("妇联〔2026〕42号",)]


def test_a_batch_is_answered_one_by_one_in_its_order(door):
    answer = post(door, [event(id="e-1"), event(id="e-2", data={}), event(id="e-3", subject="R-3"), event(id="e-1")], BATCH)

    assert (answer.status_code, answer.headers["content-type"]) == (207, BATCH)
    assert [(receipt["type"], receipt["causationid"]) for receipt in answer.json()] == [
        ("receipt.accepted", "e-1"),
        ("receipt.refused", "e-2"),
        ("receipt.accepted", "e-3"),
        ("receipt.accepted", "e-1"),
    ]
    assert answer.json()[0] == answer.json()[3]


@pytest.mark.parametrize("kind", ["Application/CloudEvents+JSON; charset=utf-8", "APPLICATION/CLOUDEVENTS-BATCH+JSON"])
def test_a_content_type_is_read_without_regard_to_case(door, kind):
    assert post(door, event() if "BATCH" not in kind else [event()], kind).status_code == 202


def test_the_same_event_sent_again_gets_the_same_receipt(door, intake):
    first, again = post(door, event()), post(door, event())

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert len(intake.rows("select 1 from intake.log")) == 1


@pytest.mark.parametrize(
    "refused",
    [event_with(type="dispute.invented"), event_with(data={}), b"no json", b'{"a":' * 40 + b"1" + b"}" * 40],
    ids=["unknown type", "data that lack everything", "no JSON", "nested too deep"],
)
def test_a_refused_event_gets_the_same_status_and_receipt_each_time(door, refused):
    answers = [post(door, refused) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert answers[0].content == answers[1].content == answers[2].content
    in_a_batch = post(door, b"[" + refused_bytes(refused) + b"," + refused_bytes(refused) + b"]", BATCH)
    assert in_a_batch.status_code == 422 and kinds(in_a_batch) == ["receipt.refused"] * 2


def test_a_repeated_batch_gets_the_same_status_each_time(door):
    mixed = [event(id="e-1"), event(id="e-2", data={})]
    answers = [post(door, mixed, BATCH) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [207, 207]
    assert answers[0].content == answers[1].content


def test_entries_of_a_batch_that_cannot_be_read_are_told_apart(door, intake):
    """Each is known by its own bytes: different ones are not repeats of each other."""
    deep = b'{"id": "%s", "data": ' + b"[" * 2000 + b"]" * 2000 + b"}"
    answer = post(door, b"[" + b", ".join([deep % b"e-1", deep % b"e-2", b"NaN", json.dumps(event(id="e-3")).encode()]) + b"]", BATCH)

    assert answer.status_code == 207
    assert kinds(answer) == ["receipt.refused"] * 3 + ["receipt.accepted"]
    assert len({receipt["causationid"] for receipt in answer.json()}) == 4
    assert intake.rows("select count(*) from intake.log") == [(4,)]


def test_a_refused_event_is_unprocessable(door):
    answer = post(door, event(type="dispute.invented"))

    assert answer.status_code == 422 and answer.json()["data"]["reason"]["code"] == "unknown_type"


def test_in_a_batch_each_bad_event_has_its_own_refusal(door):
    deep = json.loads("[" * 300 + "]" * 300)
    answer = post(door, [7, None, "x", [], {}, {"data": deep}, event(id="e-9")], BATCH)

    assert answer.status_code == 207
    assert kinds(answer) == ["receipt.refused"] * 6 + ["receipt.accepted"]


# ── not read at all ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic dG9rZW4=", "token-of-the-women", "Bearer token-of-the-women x"])
@pytest.mark.parametrize("path", ["/events", "/receipts"])
def test_without_its_token_an_agency_is_nobody(door, intake, header, path):
    answer = door.request("POST" if path == "/events" else "GET", path, headers={"Authorization": header})

    assert answer.status_code == 401 and answer.json()["code"] == "unauthorised"
    assert intake.rows("select 1 from intake.log") == []


def test_a_token_speaks_for_its_own_agency_only(door, intake):
    answer = post(door, event("police"))

    assert answer.status_code == 422 and answer.json()["data"]["reason"]["code"] == "wrong_source"
    assert intake.rows("select agency, refused_for from intake.log") == [("womens_federation", "wrong_source")]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
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
def test_what_is_no_event_at_all_is_a_problem_of_its_own(door, intake, body, kind, status):
    answer = post(door, body, kind)

    assert answer.status_code == status
    assert set(answer.json()) == {"code", "zh", "en"}
    assert intake.rows("select 1 from intake.log") == []


def test_a_body_whose_length_is_not_told_is_cut_off_too(door):
    def endless():
        for _ in range(70):
            yield b"x" * 65536

    assert door.post("/events", content=endless(), headers={"Content-Type": STRUCTURED}).status_code == 413


def test_a_large_event_is_refused_by_a_receipt(door, intake):
    answer = post(door, event(data=REPORT | {"padding": "x" * 300_000}))

    assert answer.status_code == 422 and answer.json()["data"]["reason"]["code"] == "too_large"
    assert intake.rows("select body_sealed from intake.log") == [(None,)]


def test_no_answer_repeats_what_was_sent(door):
    for sent in (
        event(data=REPORT | {"kind": PERSON}),
        event(id=PERSON),
        event(type=PERSON),
        event(subject=f"{PERSON} {PERSON}"),
        event(data={PERSON: PERSON}),
    ):
        answer = post(door, sent)
        assert answer.status_code == 422 and PERSON not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/events", 405), ("POST", "/receipts", 405), ("GET", "/nothing", 404), ("DELETE", "/events", 405)]
)
def test_other_addresses_are_closed(door, method, path, status):
    assert door.request(method, path).status_code == status


# ── receipts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_receipts_are_read_on_from_where_one_was(door):
    post(door, [event(id=f"e-{n}", subject=f"R-{n}") for n in range(3)], BATCH)
    everything = door.get("/receipts")
    assert [receipt["causationid"] for receipt in everything.json()] == ["e-0", "e-1", "e-2"]
    assert everything.headers["fengqiao-position"] == "3"

    post(door, event(id="e-3", subject="R-3"))
    rest = door.get("/receipts?after=3")
    assert [receipt["causationid"] for receipt in rest.json()] == ["e-3"]
    assert door.get("/receipts?after=4").json() == [] and door.get("/receipts?after=4").headers["fengqiao-position"] == "4"


def test_nobody_reads_anothers_receipts(door):
    post(door, event())

    assert door.get("/receipts", headers={"Authorization": f"Bearer {TOKENS['police']}"}).json() == []


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1.5", "wait=-1", "wait=x", "after=" + "9" * 19, "after=٣", "after="])
def test_a_question_that_is_none_is_answered_so(door, query):
    assert door.get(f"/receipts?{query}").status_code == 400


def test_who_waits_for_receipts_gets_them_when_they_come(door, pool):
    receipt = post(door, event()).json()
    outcome = heard(1, receipt["subject"], type="step.applied", event=receipt["data"]["event"], step="dispute.reported", state="registered")

    def decide():
        with pool.transaction() as tx:
            outcomes.answer(tx, tx.unheard([outcome]))

    late = threading.Timer(0.6, decide)
    late.start()
    began = time.monotonic()
    answer = door.get("/receipts?after=1&wait=20")
    late.join()

    assert kinds(answer) == ["receipt.applied"]
    assert 0.5 < time.monotonic() - began < 10


def test_a_page_of_receipts_has_an_end(door, pool, monkeypatch):
    monkeypatch.setattr(web, "PAGE", 2)
    post(door, [event(id=f"e-{n}", subject=f"R-{n}") for n in range(3)], BATCH)

    first = door.get("/receipts")
    assert len(first.json()) == 2
    assert len(door.get(f"/receipts?after={first.headers['fengqiao-position']}").json()) == 1


# ── when something is wrong ───────────────────────────────────────────────────────────────────────────────────────────


def test_behind_a_parked_event_the_receipt_comes_later(door, pool, intake):
    with pool.transaction() as tx:
        tx.park(envelope.read(delivery()), "it failed")
    answer = post(door, event(id="e-2"))

    assert answer.status_code == 202 and answer.json()["code"] == "held"
    assert intake.rows("select event_id from intake.waiting") == [("e-2",)]


def test_when_nothing_can_be_stored_the_agency_keeps_its_event(door, monkeypatch):
    def away(*_):
        raise DatabaseUnavailable("made up")

    monkeypatch.setattr(ingest, "ingest", away)
    assert post(door, event()).status_code == 503
    monkeypatch.setattr(receipts, "after", away)
    assert door.get("/receipts").status_code == 503


def test_what_does_not_pass_is_answered_like_a_database_that_is_away(door, monkeypatch):
    def held(*_):
        raise SequenceMoved

    monkeypatch.setattr(ingest, "ingest", held)
    assert post(door, event()).status_code == 503


def test_a_door_does_not_wait_for_ever_behind_a_row_that_somebody_holds(door, pool, monkeypatch):
    monkeypatch.setattr(web, "ANSWER_SECONDS", 0.3)
    with pool.transaction() as tx:
        tx.rows("select * from intake.log_head for update")
        answer = post(door, event())

    assert answer.status_code == 503 and answer.json()["code"] == "away"
    monkeypatch.undo()
    wait_until(lambda: post(door, event()).status_code == 202)  # sent again it has one answer, whether or not the first one came through meanwhile


def test_what_passes_by_itself_is_tried_again(door, monkeypatch):
    take, tries = ingest.ingest, []

    def clumsy(*arguments):
        tries.append(1)
        if len(tries) < 3:
            raise SequenceMoved
        return take(*arguments)

    monkeypatch.setattr(ingest, "ingest", clumsy)
    assert post(door, event()).status_code == 202


def test_the_contract_and_its_health_are_open_to_everybody(door):
    door.headers.pop("Authorization")

    assert door.get("/contract").json()["asyncapi"].startswith("3.")
    assert door.get("/healthz").status_code == door.get("/readyz").status_code == door.get("/metrics").status_code == 200


# ── the real thing ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def running(apart, tmp_path_factory):
    """The door as a process of its own, its database behind a proxy."""
    folder = tmp_path_factory.mktemp("door")
    with tcp_proxy(apart.databases["intake"]) as proxy:
        environment = told(apart, folder, FENGQIAO_PROCESS="door") | {"DATABASE_URL": proxy.through(apart.databases["intake"])}
        with Process(folder / "door.log", "plumbing.serve", "services.intake.web:app", **environment) as process:
            process.proxy = proxy
            yield process.wait_ready()


@pytest.fixture
def client(running, intake):
    with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", headers={"Authorization": f"Bearer {TOKENS['womens_federation']}"}, timeout=30) as client:
        yield client


def test_a_real_door_takes_events_while_others_wait_for_receipts(client, running):
    waiting = [threading.Thread(target=lambda: client.get("/receipts?after=1000&wait=2")) for _ in range(12)]
    for thread in waiting:
        thread.start()
    answers = [post(client, event(id=f"e-{n}", subject=f"R-{n}")) for n in range(5)]
    for thread in waiting:
        thread.join()

    assert {answer.status_code for answer in answers} == {202}
    assert "fengqiao_http_requests_total" in client.get("/metrics").text


def test_a_real_door_says_when_the_database_is_away_and_when_it_is_back(client, running):
    running.proxy.interrupt()
    assert post(client, event()).status_code == 503
    assert client.get("/readyz").status_code == 503 and client.get("/healthz").status_code == 200
    running.proxy.mend()

    wait_until(lambda: post(client, event()).status_code == 202)


def test_nothing_that_parties_told_gets_into_logs_measures_or_addresses(client, running):
    post(client, event())
    post(client, event(id="e-2", data=REPORT | {"kind": PERSON}))
    post(client, [event(id="e-3", data={"name": PERSON})], BATCH)
    post(client, event(id=PERSON, type=PERSON, subject=PERSON))
    client.get(f"/receipts?after={quote(PERSON)}")
    client.get(f"/{quote(PERSON)}")

    seen = running.log.read_text() + client.get("/metrics").text
    assert "intake" in seen
    for secret in (*SECRETS, *TOKENS.values(), quote(PERSON), hashlib.sha256(PERSON.encode()).hexdigest()):
        assert secret not in seen
