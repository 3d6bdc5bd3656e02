"""Serves one web application: `python -m plumbing.serve services.intake.web:app`. uvicorn, with our log lines and our limits."""

import sys

import uvicorn

from plumbing import logs, settings

STREAMS_END_SECONDS = 5  # a stream to a browser never ends by itself: on a stop it is cut then


def main(app: str) -> None:
    told = settings.load_http(app)
    logs.configure(told.process, told.log_level)
    # log_config=None: uvicorn's own lines would quote addresses and exception texts.
    uvicorn.run(app, host=told.host, port=told.port, log_config=None, access_log=False, timeout_graceful_shutdown=STREAMS_END_SECONDS, server_header=False)


if __name__ == "__main__":
    main(sys.argv[1])
