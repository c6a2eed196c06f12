"""Runs the service until it is told to stop; requests under way are answered before it goes."""

from __future__ import annotations

import logging
import signal

import uvicorn

from refractory.errors import UsageError
from refractory.service.app import application
from refractory.service.settings import Settings

_FORM = "%(asctime)s %(levelname)s %(message)s"


class _WithoutTraces(logging.Filter):
    """Takes tracebacks off what is logged: the words of an error might hold data of a patient."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a record, without its traceback, be it apart or the message itself."""
        record.exc_info = None
        record.exc_text = None
        return not record.getMessage().startswith("Traceback")


def serve(settings: Settings) -> int:
    """Serve until a signal says to stop, and return the exit code.

    Args:
        settings: What the service is told.

    Raises:
        UsageError: The settings are not safe, or a file that they name is at fault.
    """
    # First, so that what is wrong with the settings is told before anything else is touched.
    app = application(settings)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORM))
    handler.addFilter(_WithoutTraces())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        log_config=None,
        access_log=False,
        server_header=False,
        # Who called is what the connection says; a header that says otherwise might be anybody's.
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=round(settings.seconds) + 1,
    )
    server = uvicorn.Server(config)
    # The server hears the signal, ends well, and then sends it to itself again; a service that ended well has ended.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server.run()
    if not server.started:
        raise UsageError("the service could not start.", fix="The lines above say why: often the port is taken.")
    return 0
