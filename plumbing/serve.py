"""Serves one web application: `python -m plumbing.serve services.intake.web:app`. uvicorn, with our log lines and our limits."""

import sys

import uvicorn
from environs import Env

from plumbing import logs

STREAMS_END_SECONDS = 5  # a stream to a browser never ends by itself: on a stop it is cut then


def main(app: str) -> None:
    env = Env()
    with env.prefixed("FENGQIAO_"):
        host, port, name, level = env.str("HTTP_HOST", "127.0.0.1"), env.int("HTTP_PORT"), env.str("PROCESS", app), env.str("LOG_LEVEL", "INFO")
    logs.configure(name, level)
    # log_config=None: uvicorn's own lines would quote addresses and exception texts.
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=STREAMS_END_SECONDS, server_header=False)


if __name__ == "__main__":
    main(sys.argv[1])
