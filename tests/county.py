"""The county of the flow tests: the real thing, small. Four services, the relay, the agencies' kit, a broker and a database."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import psycopg2

from contracts import AGENCIES, HEARS
from deploy.local import System
from fengqiao_agency import Agency

DAMAN_TOWN, JIANTAN_TOWN = "620702102", "620702108"
DAMAN_COMMITTEE = "peoples_mediation_committee-daman"
SETTLE_SECONDS = 30


def until(condition: Callable[[], object], seconds: float = SETTLE_SECONDS, what: str = "the condition"):
    """Waits for a condition, with a limit, and returns what it gave. No test sleeps for luck."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up, f"{what} did not come true within {seconds} s"
        time.sleep(0.05)
    return found


def days_ago(days: float) -> datetime:
    return datetime.now(timezone.utc) - timedelta(days=days)


class Told:
    """One event that an agency told, and what came back."""

    def __init__(self, speaker: "Speaker", event_id: str, subject: str):
        self.speaker, self.id, self._subject = speaker, event_id, subject

    @property
    def _receipts(self):
        return [told for told in self.speaker.agency.receipts() if told.data["event"]["id"] == self.id]

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
        (code,) = {told.data["dispute"] for told in self._receipts if "dispute" in told.data}
        return code


class Speaker:
    """One agency, with its kit."""

    def __init__(self, code: str, amqp_uri: str, folder: Path):
        self.code = code
        self.agency = Agency(code, amqp_uri, str(folder / f"{code}.db"))
        self.agency.start()
        self._numbers = count(1)

    def reports(self, **data) -> Told:
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
        return self.says("dispute.reported", report_no, time=time_, **(whole | data))

    def says(self, word: str, subject: str, *, time: datetime | None = None, id: str | None = None, **data) -> Told:
        return Told(self, self.agency.report(word, subject, data, time=time, id=id), subject)


class County:
    """`county.police.says(…)`; then `county.settle()`, and look."""

    def __init__(self, system: System, folder: Path):
        self.system = system
        self._folder = folder
        self._speakers: dict[str, Speaker] = {}
        self._database = None

    def __getattr__(self, code: str) -> Speaker:
        if code not in AGENCIES:
            raise AttributeError(code)
        return self.agency(code)

    def agency(self, code: str) -> Speaker:
        if code not in self._speakers:
            self._speakers[code] = Speaker(code, self.system.endpoints["agencies"][code]["amqp"], self._folder)
        return self._speakers[code]

    def rows(self, sql: str, *params) -> list[tuple]:
        """Looks into the database as its administrator, which no service can."""
        if self._database is None or self._database.closed:
            self._database = psycopg2.connect(self.system.servers.database_admin)
            self._database.autocommit = True
        with self._database.cursor() as cursor:
            cursor.execute(sql, params or None)
            return cursor.fetchall()

    # ── waiting ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self, seconds: float = SETTLE_SECONDS):
        """Waits until every agency has its outcomes and every service has heard everything that was said."""
        for speaker in self._speakers.values():
            assert speaker.agency.settle(seconds), f"{speaker.code} still waits for receipts: {speaker.agency.problems()}"
        until(lambda: not self.unheard() and not self.unsaid(), seconds, "everything said was heard")

    def unheard(self) -> int:
        """How many (listener, dispute) pairs have not heard all that a speaker said."""
        return sum(
            self.rows(
                f"select count(*) from {speaker}.spoken s left join {listener}.heard h on h.source = '{speaker}' and h.subject = s.subject"
                " where coalesce(h.last_sequence, 0) < s.last_sequence"
            )[0][0]
            for listener, speakers in HEARS.items()
            for speaker in speakers
        )

    def unsaid(self) -> int:
        """How many rows wait in the outboxes."""
        return sum(self.rows(f"select count(*) from {service}.outbox")[0][0] for service in HEARS)

    # ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def said(self, dispute: str) -> list[tuple[str, str]]:
        """What the services said about a dispute: (speaker, event), each speaker's in its own order."""
        order = "array_position(array['intake', 'mediation', 'notify'], source), sequence"
        return self.rows(f"select source, type from metrics.timeline where code = %s order by {order}", dispute)

    def state(self, dispute: str) -> str:
        return self.rows("select state from mediation.disputes where code = %s", dispute)[0][0]

    def notices(self, agency: str, dispute: str) -> list[str]:
        """The notices about a dispute that an agency took from its inbox: all that notify's ledger says were sent."""
        hands = self.agency(agency).agency
        sent = self.rows("select count(*) from notify.notices where addressee = %s and dispute = %s and channel = 'inbox'", agency, dispute)[0][0]

        def arrived():
            return [told.type for told in hands.notices() if told.data.get("dispute") == dispute]

        until(lambda: len(arrived()) >= sent, what="every notice arrived")
        return arrived()

    # ── a dispute on its way ──────────────────────────────────────────────────────────────────────────────────────────

    def brought_to_mediation(self, at: datetime | None = None) -> str:
        """A dispute that the Daman committee mediates since `at`; its code."""
        at = at or datetime.now(timezone.utc)
        code = self._after(self.womens_federation.reports(time=at))
        self._after(self.mediation_centre.says("dispute.screened", code, time=at, suitable=True, track="A", kind="family"))
        self._after(self.mediation_centre.says("dispute.routed", code, time=at, to=DAMAN_COMMITTEE, reason="by_place"))
        committee = self.agency(DAMAN_COMMITTEE)
        self._after(committee.says("referral.accepted", code, time=at, mediator="m-001", conflict_of_interest=False))
        for party in ("applicant", "respondent"):
            committee.says("consent.given", code, time=at, party=party, how="in_writing")
        self._after(committee.says("mediation.started", code, time=at))
        return code

    def _after(self, told: Told) -> str:
        told.speaker.agency.settle(SETTLE_SECONDS)
        assert told.receipts[-1] == "receipt.applied", told.receipts
        return told.dispute

    def close(self):
        for speaker in self._speakers.values():
            speaker.agency.stop()
            speaker.agency.outbox.close()
        if self._database is not None:
            self._database.close()
