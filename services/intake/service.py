"""nameko: what intake hears. It owns the door: the log of everything received, receipts, the dispute's one code."""

from nameko.extensions import DependencyProvider

from contracts import AGENCIES
from contracts.channels import agency_queue, is_sealed
from plumbing.consumer import Consumer, hear
from plumbing.dependency import Database
from plumbing.timer import every
from services.intake import domain, envelope, ingest
from services.intake.backpressure import Backpressure
from services.intake.store import lane as seals
from services.intake.store import reports as store

SOURCES = tuple(envelope.agency_source(code) for code in AGENCIES)

pace = Backpressure()


class Pacing(DependencyProvider):
    """Tells the pace how far it may run ahead."""

    def setup(self):
        pace.limit = self.container.config["settings"].ahead or pace.limit


def agency_queues(settings):
    """Return the queues to consume. An agency that was removed has none; one that is suspended may have left events there, which are answered."""
    return [agency_queue(code) for code, agency in AGENCIES.items() if agency.status != "removed"]


class IntakeService:
    """Answers every event of every agency, and passes on what it accepts."""

    name = "intake"
    db = Database(read=envelope.read_any)
    pacing = Pacing()

    @Consumer.decorator(queues=agency_queues, sources=SOURCES, read=envelope.read, room=pace.room)
    def on_agency_events(self, batch):
        """Agencies said something: log it, answer it, give new disputes their code, pass it on."""
        with self.db.transaction() as tx:
            verdicts = ingest.ingest(tx, tx.unheard(batch))
        pace.passed_on(sum(verdict.is_taken for verdict in verdicts))

    @hear("mediation", "mediation-safeguard")
    def on_decisions(self, batch):
        """Mediation took some steps and refused others: tell the agencies that reported them."""
        with self.db.transaction() as tx:
            decisions = [event for event in tx.unheard(batch) if not event.discarded]
            seals.hear(tx, [event for event in decisions if is_sealed(event.source)])
            outcomes = [event for event in decisions if event.type in domain.OUTCOMES]
            ingest.answer(tx, outcomes)
        pace.decided(len(outcomes))

    @every(3600.0)
    def forget(self):
        """Tokens of parties are kept for as long as they can find anything, and not longer."""
        with self.db.transaction() as tx:
            store.forget(tx)
