"""The county of the flow tests: the real thing, small. Four services, the relay, the agencies' kit, a broker and a database."""

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

from contracts import AGENCIES, COUNTY, HEARS, TOWNSHIPS
from contracts.channels import AGENCIES_EXCHANGE, DEAD_LETTERS, service_of
from fengqiao_agency import Agency
from local import System
from services.mediation.life import decisions
from services.mediation.store import CLOCKWORK
from tests.everywhere import found_in_logs, found_in_measures, found_in_tables

# The stories name agencies as the demonstration's county does. In another county the agency that leads the same role plays the part.
LEADS = {
    "court": "C", "mediation_centre": "M", "judicial_bureau": "J", "womens_federation": "W", "police": "P", "petition_office": "X",
    "political_legal_committee": "L", "grid": "G",
}  # fmt: skip
_COMMITTEES = [agency for agency in COUNTY.agencies.values() if agency.role == "B" and agency.townships]
DAMAN_COMMITTEE, DAMAN_TOWN = _COMMITTEES[0].code, _COMMITTEES[0].townships[0]  # the first committee with a town of its own
JIANTAN_TOWN = "620702108" if "620702108" in TOWNSHIPS else next(town for town in TOWNSHIPS if town != DAMAN_TOWN)


def code_of(agency: str) -> str:
    """The agency's code in the county under test."""
    return agency if agency in AGENCIES else COUNTY.lead(LEADS[agency]).code


NO_RISK = {"domestic_violence": False, "minor": False, "mass": False, "violence_threat": False}
SETTLE_SECONDS = 90  # a second on a quiet machine; beside busy processes it may be many


def wait_until(condition: Callable[[], object], seconds: float = SETTLE_SECONDS, what: str = "the condition"):
    """Waits for a condition, with a limit, and returns what it gave. No test sleeps for luck."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up, f"{what} did not come true within {seconds} s"
        time.sleep(0.05)
    return found


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def structured(agency: str, word: str, id: str | None = None, **data) -> dict:
    """A report as an agency without the kit would write it: a CloudEvent in structured mode."""
    id = id or str(uuid.uuid4())
    report_no = f"R-{id[:20]}"
    whole = {"report_no": report_no, "channel": "phone", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"}
    return {
        "specversion": "1.0", "id": id, "source": f"/agencies/{agency}", "type": word, "subject": report_no, "time": "2026-11-20T02:00:00Z",
        "datacontenttype": "application/json", "data": whole | data,
    }  # fmt: skip


class SentEvent:
    """One event that an agency told, and what came back."""

    def __init__(self, client: "AgencyClient", event_id: str, subject: str):
        self.client, self.id, self._subject = client, event_id, subject

    @property
    def _receipts(self):
        return self.client.receipts_of(self.id)

    @property
    def receipts(self) -> list[str]:
        return [told.type for told in self._receipts]

    @property
    def refusal(self) -> dict:
        """The reason of the receipt that refused or rejected it."""
        (reason,) = [told.data["reason"] for told in self._receipts if "reason" in told.data]
        return reason

    @property
    def state(self) -> str:
        """The state of the dispute, as the outcome receipt says it."""
        (state,) = [told.data["state"] for told in self._receipts if told.type in ("receipt.applied", "receipt.rejected")]
        return state

    @property
    def dispute(self) -> str:
        """Its code; the newer one, if it was joined to another or taken out again."""
        named = [told for told in self._receipts if "dispute" in told.data]
        moved = [told for told in named if told.type == "receipt.moved"]
        return (moved or named)[-1].data["dispute"]


class _Read:
    """What the kit keeps on disk, each entry read once: hundreds of tests ask one agency again and again. `key` is what they ask by."""

    def __init__(self, read: Callable, key: Callable):
        self._read, self._key = read, key
        self._last, self._found = 0, defaultdict(list)

    def by(self, key: str) -> list:
        for told in self._read(self._last):
            self._last = told.cursor
            self._found[self._key(told.data)].append(told)
        return list(self._found[key])


class AgencyClient:
    """One agency, with its kit."""

    def __init__(self, code: str, amqp_uri: str, folder: Path):
        self.code = code
        self.agency = Agency(code, amqp_uri, str(folder / f"{code}.db"))
        self.agency.start()
        self._numbers = count(1)
        self._receipts = _Read(self.agency.receipts, lambda data: data["event"]["id"])
        self._notices = _Read(self.agency.notices, lambda data: data.get("dispute"))

    def receipts_of(self, event_id: str) -> list:
        return self._receipts.by(event_id)

    def notices_about(self, dispute: str) -> list:
        return self._notices.by(dispute)

    def reports_dispute(self, **data) -> SentEvent:
        """A dispute is brought to this agency: a plain family dispute in Daman town, unless told otherwise."""
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

    def reports(self, word: str, subject: str, *, time: datetime | None = None, id: str | None = None, **data) -> SentEvent:
        return SentEvent(self, self.agency.report(word, subject, data, time=time, id=id), subject)


_UNHEARD = """exists (
  select from {service}.spoken s left join {listener}.heard h on h.source = s.source and h.subject = s.subject
   where s.source = '{producer}' and coalesce(h.last_sequence, 0) < s.last_sequence)"""
# Asked twenty times a second while a test waits, so it is planned once.
PREPARED = "prepare is_on_its_way as select " + " or ".join(
    [f"exists (select from {service}.outbox)" for service in HEARS]
    + [_UNHEARD.format(service=service_of(producer), listener=listener, producer=producer) for listener, producers in HEARS.items() for producer in producers]
)


class County:
    """`county.police.reports(…)`; then `county.settle()`, and look."""

    def __init__(self, system: System, folder: Path):
        self.system = system
        self._folder = folder
        self._clients: dict[str, AgencyClient] = {}
        self._database = None

    def __getattr__(self, code: str) -> AgencyClient:
        if code not in AGENCIES and code not in LEADS:
            raise AttributeError(code)
        return self.agency(code)

    def agency(self, code: str) -> AgencyClient:
        code = code_of(code)
        if code not in self._clients:
            self._clients[code] = AgencyClient(code, self.system.endpoints["agencies"][code]["amqp"], self._folder)
        return self._clients[code]

    def rows(self, sql: str, *params) -> list[tuple]:
        """Looks into the database as its administrator, which no service can."""
        for again in (True, False):
            try:
                if self._database is None or self._database.closed:
                    self._database = psycopg2.connect(self.system.servers.database_admin)
                    self._database.autocommit = True
                    with self._database.cursor() as cursor:
                        cursor.execute(PREPARED)
                with self._database.cursor() as cursor:
                    cursor.execute(sql, params or None)
                    return cursor.fetchall() if cursor.description else []
            except psycopg2.OperationalError:  # a story killed the database meanwhile
                if not again:
                    raise
        raise AssertionError

    # ── waiting ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, seconds: float = SETTLE_SECONDS):
        """Waits until every agency has its outcomes and every service has heard everything that was said."""
        for client in self._clients.values():
            assert client.agency.settle(seconds), f"{client.code} still waits for receipts: {client.agency.problems()}"
        wait_until(lambda: not self.has_unprocessed_events(), seconds, "everything said was heard")

    def has_unprocessed_events(self) -> bool:
        """Whether an outbox holds a row, or a service has not yet processed every event published about some dispute."""
        return self.rows("execute is_on_its_way")[0][0]

    @contextlib.contextmanager
    def deadlines_unchecked(self):
        """Inside the block no deadline is announced, not even one that lies in the past when it is set: the lock of mediation's deadline loop is taken."""
        connection = psycopg2.connect(self.system.servers.database_admin)
        try:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_lock(%s, 0)", (CLOCKWORK,))
            yield
        finally:
            connection.close()

    # ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def published(self, dispute: str) -> list[tuple[str, str]]:
        """What the services said about a dispute: (service, event type), in the order of each service."""
        order = "array_position(array['intake', 'mediation', 'notify'], source), sequence"
        return self.rows(f"select source, type from metrics.timeline where code = %s order by {order}", dispute)

    def state(self, dispute: str) -> str:
        return self.rows("select state from mediation.disputes where code = %s", dispute)[0][0]

    def notices(self, agency: str, dispute: str) -> list[str]:
        """The kinds of the notices about a dispute that an agency took from its inbox."""
        return [told.type for told in self._notices(agency, dispute)]

    def notified_clocks(self, agency: str, dispute: str, notice: str) -> list[str]:
        """The clocks that an agency got such notices about."""
        return [told.data["clock"] for told in self._notices(agency, dispute) if told.type == notice]

    def _notices(self, agency, dispute):
        """All that notify's ledger says were sent."""
        agency = code_of(agency)
        client = self.agency(agency)
        sent = self.rows("select count(*) from notify.notices where addressee = %s and dispute = %s and channel = 'inbox'", agency, dispute)[0][0]

        wait_until(lambda: len(client.notices_about(dispute)) >= sent, what="every notice arrived")
        return client.notices_about(dispute)

    def attention_notices(self, agency: str, dispute: str) -> int:
        """How many notices an agency got, in neutral words, that something about a dispute needs its attention."""
        agency = code_of(agency)
        client = self.agency(agency)
        sent = self.rows("select count(*) from notify.sealed_notices where addressee = %s and dispute = %s", agency, dispute)[0][0]

        def arrived():
            return [told for told in client.notices_about(dispute) if told.type == "notice.attention"]

        wait_until(lambda: len(arrived()) >= sent, what="every notice arrived")
        return len(arrived())

    def look_up_safeguarded(self, agency: str, dispute: str, reason: str = "police_duty", officer: str = "p-0815") -> httpx.Response:
        """Somebody at an agency looks at what is in the safeguard lane about a dispute."""
        headers = {"Content-Type": "application/json", **self._token(agency)}
        asked = {"dispute": dispute, "reason": reason, "officer": officer}
        return httpx.post(f"{self.system.endpoints['door']}/matters", content=orjson.dumps(asked), headers=headers)

    def passed_clocks(self, dispute: str) -> list[str]:
        """The clocks that ran out."""
        return [clock for (clock,) in self.rows("select clock from mediation.deadlines where code = %s and state = 'passed'", dispute)]

    def met_clocks(self, dispute: str) -> dict[str, dict]:
        """Per clock that was met: whether late, and whether it had been said to have passed."""
        found = self.rows("select detail from metrics.timeline where code = %s and type = 'deadline.met' order by sequence", dispute)
        return {detail["clock"]: {"late": detail["late"], "was_passed": detail["was_passed"]} for (detail,) in found}

    def state_from_history(self, dispute: str) -> str:
        """The state that the history of steps leads to."""
        rows = self.rows("select before, after, step from mediation.transitions where code = %s order by step", dispute)
        return decisions.fold(decisions.Transition(*row) for row in rows)

    def dead_letters(self) -> int:
        """How many messages lie in their queue."""
        with pika.BlockingConnection(pika.URLParameters(self.system.servers.amqp_admin)) as connection:
            return connection.channel().queue_declare(DEAD_LETTERS, passive=True).method.message_count

    # ── without the kit ───────────────────────────────────────────────────────────────────────────────────────────────

    def posts_event(self, agency: str, event: dict) -> httpx.Response:
        """An agency posts an event at the HTTP door."""
        headers = {"Content-Type": "application/cloudevents+json", **self._token(agency)}
        return httpx.post(f"{self.system.endpoints['door']}/events", content=orjson.dumps(event), headers=headers)

    def receipts(self, agency: str) -> list[dict]:
        """All receipts of an agency, as the HTTP door gives them."""
        return httpx.get(f"{self.system.endpoints['door']}/receipts?after=0", headers=self._token(agency)).json()

    def publishes_event(self, agency: str, event: dict):
        """An agency publishes the same bytes over AMQP, with its broker's confirm."""
        connection = pika.BlockingConnection(pika.URLParameters(self.system.endpoints["agencies"][agency]["amqp"]))
        channel = connection.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2, message_id=event["id"], user_id=agency)
        channel.basic_publish(AGENCIES_EXCHANGE, f"{agency}.{event['type']}", orjson.dumps(event), properties)
        connection.close()

    def _token(self, agency):
        return {"Authorization": f"Bearer {self.system.endpoints['agencies'][code_of(agency)]['token']}"}

    # ── a dispute on its way ──────────────────────────────────────────────────────────────────────────────────────────

    def screened_dispute(self, at: datetime | None = None, **report) -> str:
        """A dispute that was reported and found fit for mediation; its code."""
        at = at or datetime.now(UTC)
        code = self._after(self.womens_federation.reports_dispute(time=at, **report))
        self._after(self.mediation_centre.reports("dispute.screened", code, time=at, suitable=True, track="A", kind=report.get("kind", "family")))
        return code

    def routed_dispute(self, body: str, at: datetime | None = None) -> str:
        """A dispute that was reported, screened and sent to a body; its code."""
        at = at or datetime.now(UTC)
        code = self.screened_dispute(at)
        self._after(self.mediation_centre.reports("dispute.routed", code, time=at, to=body, reason="by_place"))
        return code

    def accepted_dispute(self, at: datetime | None = None) -> str:
        """A dispute that the Daman committee took."""
        at = at or datetime.now(UTC)
        code = self.routed_dispute(DAMAN_COMMITTEE, at)
        self._after(self.agency(DAMAN_COMMITTEE).reports("referral.accepted", code, time=at, conflict_of_interest=False))
        return code

    def mediated_dispute(self, at: datetime | None = None) -> str:
        """A dispute that the Daman committee mediates since `at`."""
        at = at or datetime.now(UTC)
        code, committee = self.accepted_dispute(at), self.agency(DAMAN_COMMITTEE)
        for party in ("applicant", "respondent"):
            committee.reports("consent.given", code, time=at, party=party, how="in_writing")
        self._after(committee.reports("mediation.started", code, time=at))
        return code

    def agreed_dispute(self, at: datetime | None = None, **agreement) -> str:
        """A dispute that the Daman committee settled in writing; 6,000 yuan are owed in a month, unless told otherwise."""
        at = at or datetime.now(UTC)
        code, day = self.mediated_dispute(at), at.date()
        terms = [{"kind": "payment", "due_on": (day + timedelta(30)).isoformat(), "amount_cny": "6000.00"}]
        whole = {"form": "written", "effective_on": day.isoformat(), "confirmable": True, "terms": terms}
        self._after(self.agency(DAMAN_COMMITTEE).reports("agreement.reached", code, time=at, **(whole | agreement)))
        return code

    def filed_dispute(self, code: str, **case) -> str:
        """The same dispute, now on the court's docket."""
        day = datetime.now(UTC).date().isoformat()
        whole = {"received_on": day, "decided_on": day, "cause": "10", "procedure": "simplified"}
        return self.apply_steps(code, ("court", "case.filed", whole | case)).dispute

    def apply_steps(self, code: str, *steps: tuple[str, str, dict]) -> SentEvent:
        """Steps of several agencies, each told when the one before has taken effect: (agency, word, facts). Returns the last."""
        for agency, told in groupby(steps, key=itemgetter(0)):
            said = [self.agency(agency).reports(word, code, **facts) for _, word, facts in told]
            for one in said:
                self._after(one)
        return said[-1]

    def rejection_of(self, code: str, agency: str, word: str, **facts) -> str:
        """The step is stored as said, and does not take effect; the code of the reason."""
        told = self.agency(agency).reports(word, code, **facts)
        told.client.agency.settle(SETTLE_SECONDS)
        assert told.receipts == ["receipt.accepted", "receipt.rejected"], told.receipts
        return told.refusal["code"]

    def outcome(self, dispute: str) -> str | None:
        return self.rows("select outcome from mediation.disputes where code = %s", dispute)[0][0]

    def next_actors(self, dispute: str) -> list[str]:
        """Whose turn it is, as the dashboard shows it."""
        self.settle()
        return self.rows("select next_actors from metrics.disputes where code = %s", dispute)[0][0]

    def _after(self, told: SentEvent) -> str:
        told.client.agency.settle(SETTLE_SECONDS)
        assert told.receipts[-1] == "receipt.applied", told.receipts
        return told.dispute

    def close(self):
        for client in self._clients.values():
            client.agency.stop()
            client.agency.outbox.close()
        if self._database is not None:
            self._database.close()


class Lane:
    """What would show that something is in the safeguard lane."""

    WORDS = ("safeguard", "hold.released", "protection_order", "dv.warning", "risk.flagged", "notice.attention")
    TABLES = ("seals", "entries", "looks", "holds", "hold_clocks", "sealed_notices")


def found_outside(county: County, dispute: str, words: tuple[str, ...] = ()) -> list:
    """Where a dispute that is in the lane is named by what outsiders can see: the read model, every measure, every log."""
    words = words or (dispute,)
    found = [place for place in found_in_tables(county.rows, words) if place[0] == "metrics"]
    return found + found_in_logs(county.system, words if dispute in words else ()) + found_in_measures(county.system, words)
