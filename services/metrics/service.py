"""nameko service of metrics: event listener. It owns the read model: current disputes, their timelines, and the sums that pages show."""

from nameko.extensions import DependencyProvider

from plumbing.consumer import hear
from plumbing.dependency import Database
from services.metrics import domain, gauges, store


class Gauges(DependencyProvider):
    """Registers the business metrics for Prometheus while the service runs."""

    def start(self):
        self.collector = gauges.register(self.container.config["settings"])

    def stop(self):
        gauges.unregister(self.collector)


class MetricsService:
    """Updates the read model with each batch of events. Sums change by differences and are never recounted."""

    name = "metrics"
    db = Database()
    gauges = Gauges()

    @hear("intake", "mediation", "notify")
    def on_events(self, batch):
        """Apply a batch of events to the rows and sums of the disputes that they are about, and notify open pages."""
        with self.db.transaction() as tx:
            events = [event for event in tx.unheard(batch) if not event.discarded]
            if not events:
                return
            disputes = store.load(tx, events)
            changes = domain.fold(disputes, events)
            store.save(tx, changes)
