"""Structured logs that cannot print health information: events with allow-listed fields, never sentences or payloads."""

import json
import logging
import sys
from typing import Any, Final
from uuid import UUID

from opentelemetry import trace

from chassis.telemetry import REQUEST_ID

ALLOWED: Final = frozenset(
    {
        "action", "attempt", "bucket", "bytes", "characteristic", "code", "command", "component", "connection_id",
        "consumer", "count", "delay_s", "device_type", "duration_ms", "error", "field", "hub_id", "job_id", "lag",
        "message_count", "method", "model_id", "name", "outcome", "patient_id", "path", "pid", "port", "problems",
        "process", "reason", "request_id", "route", "seconds", "sequence", "service", "shard", "status", "step",
        "stream", "subject", "upload_id", "url", "user_id", "vendor", "version", "where",
    }
)  # fmt: skip
"""Field names that may appear in a log line. Another name is dropped and its name listed under `dropped`."""


class Log:
    """`log.info("reading_rejected", reason=…, connection_id=…)`. Only scalars and ids pass; structs never do."""

    def __init__(self, component: str) -> None:
        self._logger = logging.getLogger(f"dc.{component}")
        self._component = component

    def debug(self, event: str, **fields: Any) -> None:
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._write(logging.ERROR, event, fields)

    def failure(self, event: str, error: BaseException, **fields: Any) -> None:
        """Logs the type and the place of an exception. Its text is left out: it may quote a value."""
        self._write(logging.ERROR, event, {**fields, "error": type(error).__name__, "where": place(error)})

    def _write(self, level: int, event: str, fields: dict[str, Any]) -> None:
        if not self._logger.isEnabledFor(level):
            return
        self._logger.log(level, event, extra={"dc": {"component": self._component, **safe(fields)}})


def safe(fields: dict[str, Any]) -> dict[str, Any]:
    """The part of the fields that may be printed."""
    kept: dict[str, Any] = {}
    dropped = []
    for name, value in fields.items():
        if name not in ALLOWED:
            dropped.append(name)
        elif value is None or isinstance(value, bool | int | float):
            kept[name] = value
        elif isinstance(value, UUID):
            kept[name] = str(value)
        elif isinstance(value, str):
            kept[name] = value[:300]
        else:
            kept[name] = f"<{type(value).__name__}>"
    if dropped:
        kept["dropped"] = sorted(dropped)
    return kept


def place(error: BaseException) -> str:
    """`module.py:line` of the innermost frame."""
    tb = error.__traceback__
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    if tb is None:
        return "?"
    return f"{tb.tb_frame.f_code.co_filename.rsplit('/', 2)[-1]}:{tb.tb_lineno}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line. Lines of other libraries carry their logger and type of error, not their arguments."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "service": self._service,
        }
        fields = getattr(record, "dc", None)
        if fields is not None:
            line["event"] = record.msg
            line.update(fields)
        else:
            line["event"] = "library"
            line["logger"] = record.name
            line["message"] = str(record.msg)[:200]
            if record.exc_info and record.exc_info[1]:
                line["error"] = type(record.exc_info[1]).__name__
                line["where"] = place(record.exc_info[1])
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = format(context.trace_id, "032x")
            line["span_id"] = format(context.span_id, "016x")
        return json.dumps(line, ensure_ascii=False)


def setup(service: str, level: str) -> None:
    """Routes all logging of this process to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # These write request URLs, query included, at INFO; URLs carry codes and vendors' ids.
    for noisy in ("httpx", "httpx2", "httpcore", "httpcore2", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
