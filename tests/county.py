"""The running county of the flow tests: four services, the relay, agencies with the agency client library (kit), RabbitMQ and PostgreSQL."""

import contextlib
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path

import httpx
import orjson
import pika
import psycopg2

from contracts import AGENCIES, COUNTY, SUBSCRIPTIONS
from contracts.channels import AGENCIES_EXCHANGE, DEAD_LETTERS, service_of
from fengqiao_agency import Agency
from local import System
from services.mediation.lifecycle import decisions
from services.mediation.store import DEADLINE_CHECK_LOCK
from tests.leak_search import find_in_logs, find_in_metrics, find_in_tables

# Agency code in the demonstration's county → role letter. Flow tests use these codes; in another county they stand for the leading agency of that role.
ROLE_OF_LEAD_AGENCY = {
    "court": "C", "mediation_centre": "M", "judicial_bureau": "J", "womens_federation": "W", "police": "P", "petition_office": "X",
    "political_legal_committee": "L", "grid": "G",
}  # fmt: skip
_COMMITTEES = [agency for agency in COUNTY.agencies.values() if agency.role == "B" and agency.townships]
# The first mediation committee that is responsible for a township, and this township.
DAMAN_COMMITTEE, DAMAN_TOWN = _COMMITTEES[0].code, _COMMITTEES[0].townships[0]


def code_of(agency: str) -> str:
    """Return the agency's code in the county under test: the given code if it exists there, else that of the leading agency with the same role."""
    return agency if agency in AGENCIES else COUNTY.lead_agency(ROLE_OF_LEAD_AGENCY[agency]).code


NO_RISK = {"domestic_violence": False, "minor": False, "mass": False, "violence_threat": False}
SETTLE_SECONDS = 90  # timeout; settling takes one second on an idle machine and many on a busy one


def wait_until(condition: Callable[[], object], seconds: float = SETTLE_SECONDS, what: str = "the condition"):
    """Wait until `condition()` returns a true value, and return that value. Raises AssertionError after `seconds`."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up, f"{what} did not come true within {seconds} s"
        time.sleep(0.05)
    return found


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def structured_event(agency: str, event_type: str, id: str | None = None, **data) -> dict:
    """Return an agency's event as a CloudEvent in structured mode, as written without the kit. Its data is that of a dispute report, updated with `data`."""
    id = id or str(uuid.uuid4())
    report_no = f"R-{id[:20]}"
    whole = {"report_no": report_no, "channel": "phone", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"}
    return {
        "specversion": "1.0", "id": id, "source": f"/agencies/{agency}", "type": event_type, "subject": report_no, "time": "2026-11-20T02:00:00Z",
        "datacontenttype": "application/json", "data": whole | data,
    }  # fmt: skip


class SentEvent:
    """An event that an agency has reported through the kit, with its receipts."""

    def __init__(self, client: "AgencyClient", event_id: str, subject: str):
        self.client, self.id, self._subject = client, event_id, subject

    @property
    def _receipts(self):
        return self.client.receipts_of(self.id)

    @property
    def receipts(self) -> list[str]:
        return [receipt.type for receipt in self._receipts]

    @property
    def refusal(self) -> dict:
        """The reason in the receipt that refused or rejected the event."""
        (reason,) = [receipt.data["reason"] for receipt in self._receipts if "reason" in receipt.data]
        return reason

    @property
    def state(self) -> str:
        """The state of the dispute, taken from the receipt with the outcome of the event."""
        (state,) = [receipt.data["state"] for receipt in self._receipts if receipt.type in ("receipt.applied", "receipt.rejected")]
        return state

    @property
    def dispute(self) -> str:
        """The current code of the dispute, which changes if the dispute is joined to another one or a join is undone."""
        named = [receipt for receipt in self.client.all_receipts_of(self.id) if "dispute" in receipt.data]
        moved = [receipt for receipt in named if receipt.type == "receipt.moved"]
        return (moved or named)[-1].data["dispute"]


class _MessagesByKey:
    """Receipts or notices stored by the kit, grouped by `key`. Each message is read from disk only once, because hundreds of tests use one agency."""

    def __init__(self, read: Callable, key: Callable):
        self._read, self._key = read, key
        self._last, self._found = 0, defaultdict(list)

    def messages_of(self, key: str) -> list:
        for message in self._read(self._last):
            self._last = message.cursor
            self._found[self._key(message.data)].append(message)
        return list(self._found[key])


COUNT_RECEIPTS_SQL = "select count(*) from intake.receipts where agency = %s and convert_from(body, 'UTF8')::jsonb #>> '{data,event,id}' = %s"


class AgencyClient:
    """An agency that reports events and receives receipts and notices through the kit."""

    def __init__(self, code: str, amqp_uri: str, folder: Path, query_rows: Callable):
        self.code, self._query_rows = code, query_rows
        self.agency = Agency(code, amqp_uri, str(folder / f"{code}.db"), heartbeat=None)  # a heartbeat at some moment would make tests differ between runs
        self.agency.start()
        self._numbers = count(1)
        self._receipts = _MessagesByKey(self.agency.receipts, lambda data: data["event"]["id"])
        self._notices = _MessagesByKey(self.agency.notices, lambda data: data.get("dispute"))

    def receipts_of(self, event_id: str) -> list:
        return self._receipts.messages_of(event_id)

    def all_receipts_of(self, event_id: str) -> list:
        """Wait until all receipts of the event that intake has sent have arrived, and return them. Another agency's step may have caused the last one."""
        sent = self._query_rows(COUNT_RECEIPTS_SQL, self.code, event_id)[0][0]
        wait_until(lambda: len(self.receipts_of(event_id)) >= sent, what="every receipt arrived")
        return self.receipts_of(event_id)

    def notices_about(self, dispute: str) -> list:
        return self._notices.messages_of(dispute)

    def reports_dispute(self, **data) -> SentEvent:
        """Report a new dispute: a family dispute in Daman town, unless `data` says otherwise. Return the sent event."""
        report_no = data.pop("report_no", None) or f"{self.code[:4].upper()}-{time.time_ns()}-{next(self._numbers)}"
        whole = {
            "report_no": report_no,
            "channel": "walk_in",
            "place": {"township": DAMAN_TOWN},
            "kind": "family",
            "wants": "mediation",
            "parties": [{"role": "applicant", "name": "虚构甲"}, {"role": "respondent", "name": "虚构乙"}],
        }
        time_ = data.pop("time", None)
        return self.reports("dispute.reported", report_no, time=time_, **(whole | data))

    def reports(self, event_type: str, subject: str, *, time: datetime | None = None, id: str | None = None, **data) -> SentEvent:
        return SentEvent(self, self.agency.report(event_type, subject, data, time=time, id=id), subject)


_UNPROCESSED_SQL = """exists (
  select from {service}.spoken s left join {listener}.heard h on h.source = s.source and h.subject = s.subject
   where s.source = '{producer}' and coalesce(h.last_sequence, 0) < s.last_sequence)"""
# The query is prepared (planned once), because it runs twenty times a second while a test waits.
PREPARE_UNPROCESSED_QUERY = "prepare is_on_its_way as select " + " or ".join(
    [f"exists (select from {service}.outbox)" for service in SUBSCRIPTIONS]
    + [
        _UNPROCESSED_SQL.format(service=service_of(producer), listener=listener, producer=producer)
        for listener, producers in SUBSCRIPTIONS.items()
        for producer in producers
    ]
)


class County:
    """The running system and its agencies. A test reports events (`county.police.reports(…)`), calls `county.settle()`, and then checks the result."""

    def __init__(self, system: System, folder: Path):
        self.system = system
        self._folder = folder
        self._clients: dict[str, AgencyClient] = {}
        self._database = None

    def __getattr__(self, code: str) -> AgencyClient:
        if code not in AGENCIES and code not in ROLE_OF_LEAD_AGENCY:
            raise AttributeError(code)
        return self.agency(code)

    def agency(self, code: str) -> AgencyClient:
        code = code_of(code)
        if code not in self._clients:
            self._clients[code] = AgencyClient(code, self.system.endpoints["agencies"][code]["amqp"], self._folder, self.rows)
        return self._clients[code]

    def rows(self, sql: str, *params) -> list[tuple]:
        """Run a query as the database administrator, and return its rows."""
        for again in (True, False):
            try:
                if self._database is None or self._database.closed:
                    self._database = psycopg2.connect(self.system.servers.database_admin)
                    self._database.autocommit = True
                    with self._database.cursor() as cursor:
                        cursor.execute(PREPARE_UNPROCESSED_QUERY)
                with self._database.cursor() as cursor:
                    cursor.execute(sql, params or None)
                    return cursor.fetchall() if cursor.description else []
            except psycopg2.OperationalError:  # raised if a test has killed the database; one new connection is tried
                if not again:
                    raise
        raise AssertionError

    # ── waiting ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, seconds: float = SETTLE_SECONDS):
        """Wait until every agency has the outcomes of its events and every service has processed all published events."""
        for client in self._clients.values():
            assert client.agency.settle(seconds), f"{client.code} still waits for receipts: {client.agency.problems()}"
        wait_until(lambda: not self.has_unprocessed_events(), seconds, "all published events were processed")

    def has_unprocessed_events(self) -> bool:
        """Return whether an outbox contains a row, or a service has not yet processed all events published to it."""
        return self.rows("execute is_on_its_way")[0][0]

    def state_everything_reported(self, *agencies: str):
        """Let these agencies state with agency.alive that they have reported everything up to now, so that deadlines that they have not met can pass."""
        self.settle()
        now = datetime.now(UTC)
        for agency in agencies:
            self.agency(agency).agency.alive(now)
        wait_until(
            lambda: all((up_to := self.agency(agency).agency.confirmed_up_to()) is not None and up_to >= now for agency in agencies),
            what="the hub's confirmations",
        )

    def let_deadlines_pass(self, dispute: str):
        """Let every agency that could have met a deadline of this dispute state that it has reported everything, so that the deadlines pass whose end is past."""
        self.settle()
        self.state_everything_reported(*(agency for (agency,) in self.rows("select distinct unnest(awaits) from mediation.deadlines where code = %s", dispute)))

    @contextlib.contextmanager
    def pause_deadline_checks(self):
        """Inside the block, the mediation service announces no deadline as passed, because this function holds the lock of its deadline check."""
        connection = psycopg2.connect(self.system.servers.database_admin)
        try:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_lock(%s, 0)", (DEADLINE_CHECK_LOCK,))
            yield
        finally:
            connection.close()

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def published_events(self, dispute: str) -> list[tuple[str, str]]:
        """Return the events published about a dispute as (service, event type), sorted by service and sequence number."""
        order = "array_position(array['intake', 'mediation', 'notify'], source), sequence"
        return self.rows(f"select source, type from metrics.timeline where code = %s order by {order}", dispute)

    def state(self, dispute: str) -> str:
        return self.rows("select state from mediation.disputes where code = %s", dispute)[0][0]

    def notices(self, agency: str, dispute: str) -> list[str]:
        """Return the types of the notices about a dispute that an agency has received."""
        return [message.type for message in self.received_notices(agency, dispute)]

    def notified_clocks(self, agency: str, dispute: str, notice: str) -> list[str]:
        """Return the clocks (deadline rules) named in the notices of type `notice` that an agency has received about a dispute."""
        return [message.data["clock"] for message in self.received_notices(agency, dispute) if message.type == notice]

    def notices_in_force(self, dispute: str) -> list[tuple[str, str]]:
        """Return (type, addressee) of the notices about a dispute by which an agency has to act at present, sorted."""
        return self.rows("select kind, addressee from notify.notices_in_force where dispute = %s order by 1, 2", dispute)

    def received_notices(self, agency: str, dispute: str) -> list:
        """Wait until all notices about the dispute that notify has sent to the agency have arrived, and return them."""
        agency = code_of(agency)
        client = self.agency(agency)
        sent = self.rows("select count(*) from notify.notices where addressee = %s and dispute = %s and channel = 'inbox'", agency, dispute)[0][0]

        wait_until(lambda: len(client.notices_about(dispute)) >= sent, what="every notice arrived")
        return client.notices_about(dispute)

    def count_attention_notices(self, agency: str, dispute: str) -> int:
        """Return the number of notices of type `notice.attention` about a dispute that an agency has received."""
        agency = code_of(agency)
        client = self.agency(agency)
        sent = self.rows("select count(*) from notify.sealed_notices where addressee = %s and dispute = %s", agency, dispute)[0][0]

        def arrived():
            return [message for message in client.notices_about(dispute) if message.type == "notice.attention"]

        wait_until(lambda: len(arrived()) >= sent, what="every notice arrived")
        return len(arrived())

    def look_up_safeguarded(self, agency: str, dispute: str, reason: str = "police_duty", officer: str = "p-0815") -> httpx.Response:
        """Request the records of a safeguarded dispute from intake's HTTP API, as an officer of an agency. Return the response."""
        headers = {"Content-Type": "application/json", **self._token(agency)}
        asked = {"dispute": dispute, "reason": reason, "officer": officer}
        return httpx.post(f"{self.system.endpoints['door']}/matters", content=orjson.dumps(asked), headers=headers)

    def clocks_of_passed_deadlines(self, dispute: str) -> list[str]:
        """Return the clocks (deadline rules) of the dispute's deadlines that have passed."""
        return [clock for (clock,) in self.rows("select clock from mediation.deadlines where code = %s and state = 'passed'", dispute)]

    def clocks_of_met_deadlines(self, dispute: str) -> dict[str, dict]:
        """Return {clock: {"late": met late, "was_passed": announced as passed before}} for the met deadlines of a dispute."""
        met = self.changes_of_deadlines(dispute, "met")
        return {change["clock"]: {"late": change.get("late", False), "was_passed": change.get("was_passed", False)} for change in met}

    def changes_of_deadlines(self, dispute: str, *kinds: str) -> list[dict]:
        """Return the changes of these kinds (set, recomputed, met, stopped) that steps made to the deadlines of a dispute, in order."""
        rows = self.rows("select detail->'deadlines' from metrics.timeline where code = %s and detail ? 'deadlines' order by sequence", dispute)
        return [change for (changes,) in rows for change in changes if change["change"] in kinds]

    def state_from_history(self, dispute: str) -> str:
        """Compute the state of a dispute from its recorded transitions, and return it."""
        rows = self.rows("select before, after, step from mediation.transitions where code = %s order by step", dispute)
        return decisions.fold(decisions.Transition(*row) for row in rows)

    def count_dead_letters(self) -> int:
        """Return the number of messages in the dead-letter queue."""
        with pika.BlockingConnection(pika.URLParameters(self.system.servers.amqp_admin)) as connection:
            return connection.channel().queue_declare(DEAD_LETTERS, passive=True).method.message_count

    # ── without the kit ───────────────────────────────────────────────────────────────────────────────────────────────

    def post_event(self, agency: str, event: dict) -> httpx.Response:
        """Post an event to intake's HTTP API as this agency."""
        headers = {"Content-Type": "application/cloudevents+json", **self._token(agency)}
        return httpx.post(f"{self.system.endpoints['door']}/events", content=orjson.dumps(event), headers=headers)

    def receipts(self, agency: str) -> list[dict]:
        """Return all receipts of an agency from intake's HTTP API."""
        return httpx.get(f"{self.system.endpoints['door']}/receipts?after=0", headers=self._token(agency)).json()

    def publish_event(self, agency: str, event: dict):
        """Publish an event over AMQP as this agency, and wait for the broker's confirm."""
        connection = pika.BlockingConnection(pika.URLParameters(self.system.endpoints["agencies"][agency]["amqp"]))
        channel = connection.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2, message_id=event["id"], user_id=agency)
        channel.basic_publish(AGENCIES_EXCHANGE, f"{agency}.{event['type']}", orjson.dumps(event), properties)
        connection.close()

    def _token(self, agency):
        return {"Authorization": f"Bearer {self.system.endpoints['agencies'][code_of(agency)]['token']}"}

    # ── disputes in a given state ──────────────────────────────────────────────────────────────────────────────────────────

    def create_screened_dispute(self, at: datetime | None = None, **report) -> str:
        """Report a dispute (women's federation) and screen it (mediation centre). Return the dispute's code."""
        at = at or datetime.now(UTC)
        code = self._wait_until_applied(self.womens_federation.reports_dispute(time=at, **report))
        self._wait_until_applied(self.mediation_centre.reports("dispute.screened", code, time=at, suitable=True, track="A", kind=report.get("kind", "family")))
        return code

    def create_routed_dispute(self, body: str, at: datetime | None = None) -> str:
        """Report a dispute, screen it and route it to the mediation body `body`. Return the dispute's code."""
        at = at or datetime.now(UTC)
        code = self.create_screened_dispute(at)
        self._wait_until_applied(self.mediation_centre.reports("dispute.routed", code, time=at, to=body, reason="by_place"))
        return code

    def create_accepted_dispute(self, at: datetime | None = None) -> str:
        """Route a dispute to the mediation committee of Daman, and accept it there. Return the dispute's code."""
        at = at or datetime.now(UTC)
        code = self.create_routed_dispute(DAMAN_COMMITTEE, at)
        self._wait_until_applied(self.agency(DAMAN_COMMITTEE).reports("referral.accepted", code, time=at, conflict_of_interest=False))
        return code

    def create_mediated_dispute(self, at: datetime | None = None) -> str:
        """Bring a dispute to mediation by the mediation committee of Daman, all steps at the time `at`. Return the dispute's code."""
        at = at or datetime.now(UTC)
        code, committee = self.create_accepted_dispute(at), self.agency(DAMAN_COMMITTEE)
        for party in ("applicant", "respondent"):
            committee.reports("consent.given", code, time=at, party=party, how="in_writing")
        self._wait_until_applied(committee.reports("mediation.started", code, time=at))
        return code

    def create_agreed_dispute(self, at: datetime | None = None, **agreement) -> str:
        """Bring a dispute to a written agreement: 6,000 yuan due in a month, unless `agreement` says otherwise. Return the dispute's code."""
        at = at or datetime.now(UTC)
        code, day = self.create_mediated_dispute(at), at.date()
        terms = [{"kind": "payment", "due_on": (day + timedelta(30)).isoformat(), "amount_cny": "6000.00"}]
        whole = {"form": "written", "effective_on": day.isoformat(), "confirmable": True, "terms": terms}
        self._wait_until_applied(self.agency(DAMAN_COMMITTEE).reports("agreement.reached", code, time=at, **(whole | agreement)))
        return code

    def file_court_case(self, code: str, **case) -> str:
        """Let the court file a case about a dispute. Return the current code of the dispute."""
        day = datetime.now(UTC).date().isoformat()
        whole = {"received_on": day, "decided_on": day, "cause": "10", "procedure": "simplified"}
        return self.apply_steps(code, ("court", "case.filed", whole | case)).dispute

    def apply_steps(self, code: str, *steps: tuple[str, str, dict]) -> SentEvent:
        """Report steps (agency, event type, data) and wait until they take effect; consecutive steps of one agency are sent together. Return the last one."""
        for agency, group in groupby(steps, key=itemgetter(0)):
            sent = [self.agency(agency).reports(event_type, code, **facts) for _, event_type, facts in group]
            for event in sent:
                self._wait_until_applied(event)
        return sent[-1]

    def report_rejected_step(self, code: str, agency: str, event_type: str, **facts) -> str:
        """Report a step that the mediation service rejects. Return the reason code."""
        sent = self.agency(agency).reports(event_type, code, **facts)
        sent.client.agency.settle(SETTLE_SECONDS)
        assert sent.receipts == ["receipt.accepted", "receipt.rejected"], sent.receipts
        return sent.refusal["code"]

    def outcome(self, dispute: str) -> str | None:
        return self.rows("select outcome from mediation.disputes where code = %s", dispute)[0][0]

    def next_actors(self, dispute: str) -> list[str]:
        """Wait until the system has settled. Return the agencies that have to act next, as the dashboard shows them."""
        self.settle()
        return self.rows("select next_actors from metrics.disputes where code = %s", dispute)[0][0]

    def _wait_until_applied(self, sent: SentEvent) -> str:
        sent.client.agency.settle(SETTLE_SECONDS)
        assert sent.receipts[-1] == "receipt.applied", sent.receipts
        return sent.dispute

    def close(self):
        for client in self._clients.values():
            client.agency.stop()
            client.agency.outbox.close()
        if self._database is not None:
            self._database.close()


class SafeguardLane:
    """Texts that reveal events of the safeguard lane (events that only police, courts and women's federation see)."""

    FORBIDDEN_TEXTS = ("safeguard", "hold.released", "protection_order", "dv.warning", "risk.flagged", "notice.attention")


def find_outside_safeguard_lane(county: County, dispute: str, texts: tuple[str, ...] = ()) -> list:
    """Return the places outside the safeguard lane (dashboard's tables, metrics, logs) that contain these texts, by default the dispute's code."""
    texts = texts or (dispute,)
    found = [place for place in find_in_tables(county.rows, texts) if place[0] == "metrics"]
    return found + find_in_logs(county.system, texts if dispute in texts else ()) + find_in_metrics(county.system, texts)
