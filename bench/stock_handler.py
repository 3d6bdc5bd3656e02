"""The same code behind nameko's own event handler, one commit per event: `python -m bench.stock_handler <hop>`.

One worker: with more, two events of one dispute would be in two transactions at once, and the handler acknowledges what fails.
psycopg2 blocks, which with one worker is the faster way.
"""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402

from nameko.events import event_handler  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402

from bench.packing import STOCK_SPEAKER, STOCK_TYPE, hearer, unpack  # noqa: E402


def main(hop: str, amqp: str) -> None:
    hear, read = hearer(hop)

    class Stock:
        name = f"stock_{hop}"

        @event_handler(STOCK_SPEAKER, STOCK_TYPE)
        def on_event(self, packed):
            hear([read(unpack(packed))])

    runner = ServiceRunner({"AMQP_URI": amqp, "max_workers": 1})
    runner.add_service(Stock)
    runner.start()
    runner.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
