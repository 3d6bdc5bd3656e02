"""nameko: what intake hears. It owns the door: the log of everything received, receipts, the dispute's one code."""

from nameko.extensions import DependencyProvider

from contracts import AGENCIES
from contracts.channels import agency_queue
from plumbing.consumer import Consumer, hear
from plumbing.dependency import Database
from plumbing.timer import every
from services.intake import envelope, ingest, outcomes
from services.intake.backpressure import Backpressure
from services.intake.model import agency_source
from services.intake.store import reports

SOURCES = tuple(agency_source(code) for code in AGENCIES)

backpressure = Backpressure()


class BackpressureLimit(DependencyProvider):
    """Sets how far intake may run ahead of mediation."""

    def setup(self):
        backpressure.limit = self.container.config["settings"].ahead or backpressure.limit


def agency_queues(settings):
    """Return the queues to consume. An agency that was removed has none; one that is suspended may have left events there, which are answered."""
    return [agency_queue(code) for code, agency in AGENCIES.items() if agency.status != "removed"]


class IntakeService:
    """Answers every event of every agency, and passes on what it accepts."""

    name = "intake"
    db = Database(read=envelope.read_any)
    backpressure_limit = BackpressureLimit()

    @Consumer.decorator(queues=agency_queues, sources=SOURCES, read=envelope.read, room=backpressure.room)
    def on_agency_events(self, batch):
        """Agencies said something: log it, answer it, give new disputes their code, pass it on."""
        with self.db.transaction() as tx:
            decisions = ingest.ingest(tx, tx.unheard(batch))
        backpressure.passed_on(sum(decision.is_taken for decision in decisions))

    @hear("mediation", "mediation-safeguard")
    def on_decisions(self, batch):
        """Mediation took some steps and refused others: tell the agencies that reported them."""
        with self.db.transaction() as tx:
            decided = outcomes.answer(tx, tx.unheard(batch))
        backpressure.decided(decided)

    @every(3600.0)
    def forget(self):
        """Tokens of parties are kept for as long as they can find anything, and not longer."""
        with self.db.transaction() as tx:
            reports.forget(tx)
