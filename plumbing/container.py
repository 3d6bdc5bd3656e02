"""nameko's service container with two fixes: a stop cannot hang, and an eventlet.Timeout that a method raises ends its worker. See docs/messaging.md."""

import sys

import eventlet
from eventlet.greenpool import GreenPool
from greenlet import GreenletExit
from nameko.containers import ServiceContainer


class _Pool(GreenPool):
    """Green thread pool whose `waitall` cannot wait forever."""

    def waitall(self):
        # GreenPool.waitall may wait forever for an Event object that a concurrent spawn() has replaced.
        while self.running() or self.waiting():
            eventlet.sleep(0.02)


class Container(ServiceContainer):
    """nameko container class, selected by the setting `SERVICE_CONTAINER_CLS`. It overrides private names of nameko, which is pinned to 2.14.1."""

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
            # eventlet.Timeout is a BaseException, so nameko's `except Exception` does not catch it, and the entrypoint would wait forever.
            if handle_result and not calls:
                handle_result(worker_ctx, None, sys.exc_info())
