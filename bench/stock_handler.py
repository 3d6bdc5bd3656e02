"""Runs the code of a measured service behind nameko's own event handler, one commit per event: `python -m bench.stock_handler <measured service> <AMQP URI>`.

The nameko service has one worker. With several workers, two transactions could process events of the same dispute at once; one of them could fail, and
nameko's handler acknowledges failed events. psycopg2 blocks the whole OS process, which does not matter with one worker.
"""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402

from nameko.events import event_handler  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402

from bench.service_handlers import STOCK_EVENT_TYPE, STOCK_PRODUCER, batch_handler, unpack_delivery  # noqa: E402


def main(measured_service: str, amqp: str) -> None:
    process, read = batch_handler(measured_service)

    class StockService:
        name = f"stock_{measured_service}"

        @event_handler(STOCK_PRODUCER, STOCK_EVENT_TYPE)
        def on_event(self, packed):
            process([read(unpack_delivery(packed))])

    runner = ServiceRunner({"AMQP_URI": amqp, "max_workers": 1})
    runner.add_service(StockService)
    runner.start()
    runner.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
