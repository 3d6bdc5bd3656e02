"""Serves one web application with uvicorn: `python -m plumbing.serve services.intake.web:app`."""

import asyncio
import sys

import uvicorn
from uvicorn.main import STARTUP_FAILURE

from plumbing import epoch, logs, migrate, settings

SHUTDOWN_TIMEOUT_SECONDS = 5  # how long running responses may take after a stop signal; event streams to browsers never end and are closed then


TICK_SECONDS = 1.0  # interval at which the server updates its header `Date` and checks for a stop signal


class Server(uvicorn.Server):
    """uvicorn's server, which wakes once a second instead of ten times, so that a process without requests uses hardly any CPU time."""

    async def main_loop(self):
        while not await self.on_tick(0):
            await asyncio.sleep(TICK_SECONDS)


def main(app: str) -> None:
    http = settings.load_web_settings(app)
    logs.configure(http.process, http.log_level)
    try:
        installation = settings.load()
        migrate.check_at_start(installation.service, installation.database_url)
        epoch.check_at_start(installation.service, installation.database_url, installation.amqp_uri)
    except (epoch.RecoveryNeeded, migrate.UnknownSchema) as reason:
        epoch.refuse_start(reason)
    # log_config=None disables uvicorn's own log lines, which would contain client addresses and exception texts.
    config = uvicorn.Config(
        app, host=http.host, port=http.port, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS, server_header=False
    )
    server = Server(config)
    server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


if __name__ == "__main__":
    main(sys.argv[1])
