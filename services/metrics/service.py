"""The metrics service (nameko): listens to events and owns the read model, i.e. current disputes, their timelines, and the counts that pages show."""

from nameko.extensions import DependencyProvider

from plumbing.consumer import hear
from plumbing.dependency import Database
from services.metrics import domain, gauges, store


class GaugesProvider(DependencyProvider):
    """Registers the business metrics for Prometheus while the service runs."""

    def start(self):
        self.collector = gauges.register_collector(self.container.config["settings"])

    def stop(self):
        gauges.unregister_collector(self.collector)


class DisputeCacheProvider(DependencyProvider):
    """Injects DisputeCache: the disputes that this OS process wrote last."""

    def setup(self):
        self.cache = store.DisputeCache()

    def get_dependency(self, worker_ctx):
        return self.cache


class MetricsService:
    """Updates the read model with each batch of events. Stored counts change by differences and are never recounted."""

    name = "metrics"
    db = Database()
    gauges = GaugesProvider()
    disputes = DisputeCacheProvider()

    @hear("intake", "mediation", "notify")
    def on_events(self, batch):
        """Apply a batch of events to the read model, and notify open dashboard pages."""
        with self.db.transaction() as tx:
            events = [event for event in tx.unheard(batch) if not event.discarded]
            if not events:
                return
            changes = domain.fold(self.disputes.load(tx, events), events)
            change = store.save(tx, changes, self.disputes.writer)
        self.disputes.keep(changes.disputes, change)
