"""nameko's container, without two ways in which it never ends. See docs/messaging.md for the evidence."""

import sys

import eventlet
from eventlet.greenpool import GreenPool
from greenlet import GreenletExit
from nameko.containers import ServiceContainer


class _Pool(GreenPool):
    def waitall(self):
        # GreenPool.waitall may wait on an Event that spawn() has replaced meanwhile.
        while self.running() or self.waiting():
            eventlet.sleep(0.02)


class Container(ServiceContainer):
    """Selected by `SERVICE_CONTAINER_CLS`. Private names of nameko are overridden here: it is pinned to 2.14.1."""

    def __init__(self, *args):
        super().__init__(*args)
        self._worker_pool = _Pool(size=self.max_workers)

    def _run_worker(self, worker_ctx, handle_result):
        settled = []

        def once(*args):
            settled.append(True)
            return handle_result(*args)

        try:
            super()._run_worker(worker_ctx, handle_result and once)
        except (Exception, GreenletExit):
            raise
        except eventlet.Timeout:
            # A BaseException: nameko's `except Exception` misses it, and the entrypoint would wait for ever.
            if handle_result and not settled:
                handle_result(worker_ctx, None, sys.exc_info())
