"""Serves one web application with uvicorn: `python -m plumbing.serve services.intake.web:app`."""

import sys

import uvicorn

from plumbing import logs, settings

SHUTDOWN_TIMEOUT_SECONDS = 5  # how long running responses may take after a stop signal; event streams to browsers never end and are closed then


def main(app: str) -> None:
    http = settings.load_web_settings(app)
    logs.configure(http.process, http.log_level)
    # log_config=None disables uvicorn's own log lines, which would contain client addresses and exception texts.
    uvicorn.run(app, host=http.host, port=http.port, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS, server_header=False)


if __name__ == "__main__":
    main(sys.argv[1])
