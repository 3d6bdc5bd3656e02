"""nameko's service container with two fixes: stopping cannot hang, and a leaked eventlet.Timeout ends a worker. Evidence: docs/messaging.md."""

import sys

import eventlet
from eventlet.greenpool import GreenPool
from greenlet import GreenletExit
from nameko.containers import ServiceContainer


class _Pool(GreenPool):
    def waitall(self):
        # GreenPool.waitall may wait for an Event object that spawn() has replaced in the meantime.
        while self.running() or self.waiting():
            eventlet.sleep(0.02)


class Container(ServiceContainer):
    """Container selected by nameko's setting `SERVICE_CONTAINER_CLS`. It overrides private names of nameko, which is pinned to 2.14.1."""

    def __init__(self, *args):
        super().__init__(*args)
        self._worker_pool = _Pool(size=self.max_workers)

    def _run_worker(self, worker_ctx, handle_result):
        calls = []

        def record_call(*args):
            calls.append(True)
            return handle_result(*args)

        try:
            super()._run_worker(worker_ctx, handle_result and record_call)
        except (Exception, GreenletExit):
            raise
        except eventlet.Timeout:
            # A Timeout is a BaseException: nameko's `except Exception` misses it, and the entrypoint would wait forever.
            if handle_result and not calls:
                handle_result(worker_ctx, None, sys.exc_info())
