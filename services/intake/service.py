"""nameko service of intake: consumes the events of agencies and of the mediation service."""

from nameko.extensions import DependencyProvider

from contracts import AGENCIES
from contracts.channels import agency_queue
from plumbing.consumer import Consumer, hear
from plumbing.dependency import Database, TimesOfDueWork
from plumbing.timer import every
from services.intake import envelope, ingest, outcomes, watermarks
from services.intake.backpressure import Backpressure
from services.intake.model import agency_source
from services.intake.store import reports

SOURCES = tuple(agency_source(code) for code in AGENCIES)

backpressure = Backpressure()


class BackpressureLimit(DependencyProvider):
    """Sets the limit of undecided steps, and the partitions whose decisions this process receives, to the values in the settings."""

    def setup(self):
        settings = self.container.config["settings"]
        backpressure.limit = settings.ahead or backpressure.limit
        backpressure.partitions, backpressure.partitions_heard = settings.partitions, settings.partitions_heard


def agency_queues(settings):
    """Return the agencies' queues to consume: all but those of removed agencies.

    The queue of a suspended agency may still contain events, which must be answered.
    """
    return [agency_queue(code) for code, agency in AGENCIES.items() if agency.status != "removed"]


class IntakeService:
    """Answers every event of every agency with a receipt and passes accepted events on to the mediation service."""

    name = "intake"
    db = Database(read=envelope.read_any)
    backpressure_limit = BackpressureLimit()
    watermark_times = TimesOfDueWork()

    @Consumer.decorator(queues=agency_queues, sources=SOURCES, read=envelope.read, room=backpressure.remaining_capacity)
    def on_agency_events(self, batch):
        """Log and answer agencies' events, assign codes to new disputes, and pass accepted events on."""
        with self.db.transaction() as tx:
            decisions = ingest.ingest(tx, tx.unheard(batch))
        codes = [decision.subject for decision in decisions if decision.is_accepted]
        backpressure.record_passed_on_steps(backpressure.count_steps_decided_here(codes))
        self.watermark_times.record_work(tx.now)

    @hear("mediation", "mediation-safeguard")
    def on_decisions(self, batch):
        """Send agencies the outcomes of their events, and apply the joins that the mediation service decided."""
        with self.db.transaction() as tx:
            outcome_count = outcomes.process_events(tx, tx.unheard(batch))
        backpressure.record_decided_steps(outcome_count)

    @every(1.0, due_times="watermark_times")
    def publish_watermarks(self):
        """Publish up to which time agencies have reported, if that has advanced. Events reported over HTTP are noticed within the interval of DueTimes."""
        with self.db.transaction() as tx:
            watermarks.publish_advanced(tx)
        self.watermark_times.record_query(None)

    @every(3600.0)
    def delete_expired_matching_tokens(self):
        """Remove the expired matching tokens of parties from the database."""
        with self.db.transaction() as tx:
            reports.delete_expired_matching_tokens(tx)
