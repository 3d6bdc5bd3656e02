"""nameko: what metrics hears. It owns the read model: disputes as they stand, their timelines, and the sums that pages show."""

from nameko.extensions import DependencyProvider

from plumbing.consumer import hear
from plumbing.dependency import Database
from services.metrics import domain, measures, store


class Gauges(DependencyProvider):
    """Business figures for Prometheus, read from the sums when scraped."""

    def start(self):
        self.collector = measures.register(self.container.config["settings"])

    def stop(self):
        measures.unregister(self.collector)


class MetricsService:
    """Keeps what the dashboard shows, event by event; nothing is ever counted again."""

    name = "metrics"
    db = Database()
    gauges = Gauges()

    @hear("intake", "mediation", "notify")
    def on_events(self, batch):
        """Something was said about some disputes: change their rows and the sums, and tell the pages that watch."""
        with self.db.transaction() as tx:
            events = [event for event in tx.unheard(batch) if not event.discarded]
            if not events:
                return
            disputes = store.load(tx, events)
            changes = domain.fold(disputes, events)
            store.save(tx, changes)
