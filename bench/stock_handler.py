"""The services' code behind nameko's own event handler, with one commit per event: `python -m bench.stock_handler <hop> <AMQP URI>`.

It has one worker: with more, two events of one dispute could be in two transactions at once, and the handler acknowledges events that fail.
psycopg2 blocks the process, which does not matter with one worker.
"""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402

from nameko.events import event_handler  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402

from bench.service_handlers import STOCK_PRODUCER, STOCK_TYPE, batch_handler, unpack  # noqa: E402


def main(hop: str, amqp: str) -> None:
    process, read = batch_handler(hop)

    class Stock:
        name = f"stock_{hop}"

        @event_handler(STOCK_PRODUCER, STOCK_TYPE)
        def on_event(self, packed):
            process([read(unpack(packed))])

    runner = ServiceRunner({"AMQP_URI": amqp, "max_workers": 1})
    runner.add_service(Stock)
    runner.start()
    runner.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
