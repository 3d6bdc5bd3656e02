"""Serves one web application with uvicorn: `python -m plumbing.serve services.intake.web:app`."""

import sys

import uvicorn

from plumbing import logs, settings

SHUTDOWN_SECONDS = 5  # after a stop signal; streams to browsers never end, so they are closed then


def main(app: str) -> None:
    http = settings.load_web_settings(app)
    logs.configure(http.process, http.log_level)
    # log_config=None: uvicorn's own log lines would contain addresses and exception texts.
    uvicorn.run(app, host=http.host, port=http.port, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_SECONDS, server_header=False)


if __name__ == "__main__":
    main(sys.argv[1])
