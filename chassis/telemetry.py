"""Traces and metrics of every hop. Names and labels live here, in one table; labels are closed word lists, never ids."""

import asyncio
import socket
import threading
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler

from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource as OtelResource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app, start_http_server
from prometheus_client.exposition import ThreadingWSGIServer

from chassis.config import Common

REGISTRY: Final = CollectorRegistry()
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_tracer: Final = trace.get_tracer("device-connect")
REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""What a person can tell support: in the answer's `x-request-id`, in problems and in log lines."""
_exporting = False
_NO_SPAN: Final[AbstractContextManager[Span]] = nullcontext(INVALID_SPAN)


def _histogram(name: str, text: str, *labels: str) -> Histogram:
    return Histogram(name, text, labels, registry=REGISTRY, buckets=_SECONDS)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(name, text, labels, registry=REGISTRY)


HTTP_SECONDS: Final = _histogram(
    "http_server_request_duration_seconds",
    "Requests answered.",
    "http_request_method",
    "http_route",
    "http_response_status_code",
)
HTTP_ACTIVE: Final = _gauge("http_server_active_requests", "Requests being answered.")
SENT: Final = _counter("messaging_client_sent_messages", "Messages published.", "destination")
PUBLISH_SECONDS: Final = _histogram(
    "messaging_client_operation_duration_seconds", "Publish to PubAck.", "destination"
)
CONSUMED: Final = _counter("messaging_client_consumed_messages", "Messages taken.", "consumer")
PROCESS_SECONDS: Final = _histogram(
    "messaging_process_duration_seconds", "One batch of a consumer.", "consumer"
)
OUTCOMES: Final = _counter("dc_message_outcomes", "How messages ended.", "consumer", "outcome")
DB_SECONDS: Final = _histogram("db_client_operation_duration_seconds", "Transactions.", "operation")
POOL_WAIT: Final = _histogram("dc_db_pool_wait_seconds", "Waiting for a connection of the pool.")
READINGS: Final = _counter("dc_readings", "Readings by way and outcome.", "source", "outcome")
REJECTED: Final = _counter("dc_readings_rejected", "Refused readings by code.", "reason")
PIPELINE_SECONDS: Final = _histogram("dc_reading_pipeline_seconds", "Stages of a reading's way.", "stage")
OUTBOX_PENDING: Final = _gauge("dc_outbox_pending", "Outbox rows that the sweeper found.")
OUTBOX_OLDEST: Final = _gauge("dc_outbox_oldest_seconds", "Age of the oldest outbox row not yet published.")
LAG: Final = _gauge("dc_consumer_pending", "Messages that wait for a consumer.", "consumer")
STREAM_FULL: Final = _gauge("dc_stream_fill_ratio", "How full a stream with discard new is.", "stream")
MIRROR_AGE: Final = _gauge("dc_mirror_age_seconds", "Since a mirror last heard of its bucket.", "bucket")
LIVE_SOCKETS: Final = _gauge("dc_realtime_connections", "Live connections.", "transport")
LIVE_DROPPED: Final = _counter("dc_realtime_dropped", "Frames not delivered.", "reason")
AUTH_FAILURES: Final = _counter("dc_auth_failures", "Refused credentials.", "reason")
AUDIT_FAILURES: Final = _counter("dc_audit_write_failures", "Audit rows that could not be written.")
PAIRINGS: Final = _counter("dc_pairing_attempts", "Pairing attempts.", "method", "outcome")
FOREIGN_TOPICS: Final = _counter("dc_hub_foreign_publishes", "Publishes that the server refused to a hub.")
VENDOR_REQUESTS: Final = _counter("dc_vendor_requests", "Requests to vendors.", "vendor", "outcome")
VENDOR_SECONDS: Final = _histogram("dc_vendor_request_duration_seconds", "Requests to vendors.", "vendor")
VENDOR_REFRESHES: Final = _counter("dc_vendor_token_refresh", "Tokens refreshed.", "vendor", "outcome")
VENDOR_BREAKER: Final = _gauge("dc_vendor_breaker_open", "1 while a vendor is left alone.", "vendor")
WEBHOOKS: Final = _counter("dc_webhooks", "Requests of vendors to us.", "vendor", "outcome")
SYNC_LAG: Final = _gauge(
    "dc_sync_lag_seconds", "How late the account is that has been due longest.", "vendor"
)
LOOP_LAG: Final = _gauge("dc_event_loop_lag_seconds", "How late the event loop wakes up.")


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """A scrape is not worth a line."""


class _Metrics(ThreadingWSGIServer):
    """On a socket that somebody else has opened, and that another process may be serving too."""

    def __init__(self, listener: socket.socket) -> None:
        address = listener.getsockname()[:2]
        super().__init__(address, _Silent, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = address
        self.setup_environ()
        self.set_app(make_wsgi_app(REGISTRY))


def setup(
    settings: Common, service: str, *, metrics: bool = True, listeners: Sequence[socket.socket] = ()
) -> None:
    """Starts the metrics port and, when a collector is named, the export of spans. Call after the fork.

    `listeners`: the metrics port, where it is open already.
    """
    for listener in listeners if metrics else ():
        threading.Thread(target=_Metrics(listener).serve_forever, daemon=True).start()
    if metrics and not listeners and settings.metrics_port:
        start_http_server(settings.metrics_port, settings.host, registry=REGISTRY)
    if settings.otel_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider = TracerProvider(
            resource=OtelResource.create({"service.name": service}),
            sampler=ParentBased(TraceIdRatioBased(0.1)),
        )
        endpoint = f"{settings.otel_endpoint.rstrip('/')}/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        trace.set_tracer_provider(provider)
        global _exporting
        _exporting = True


def inject(headers: MutableMapping[str, str]) -> None:
    """Adds `traceparent` to outgoing headers."""
    if _exporting and trace.get_current_span().get_span_context().is_valid:
        propagate.inject(headers)


def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, headers: Mapping[str, str] | None = None
) -> AbstractContextManager[Span]:
    """A span; with `headers`, a child of the context that they carry. Costs nothing when nobody collects."""
    if not _exporting:
        return _NO_SPAN
    context = propagate.extract(headers) if headers else None
    return _tracer.start_as_current_span(name, context=context, kind=kind)


def batch_span(name: str, headers: list[Mapping[str, str] | None]) -> AbstractContextManager[Span]:
    """The span of a batch, linked to at most 32 of the contexts that its messages carry."""
    if not _exporting:
        return _NO_SPAN
    links = []
    for carried in headers[:32]:
        if carried and "traceparent" in carried:
            context = trace.get_current_span(propagate.extract(carried)).get_span_context()
            if context.is_valid:
                links.append(Link(context))
    return _tracer.start_as_current_span(name, kind=SpanKind.CONSUMER, links=links)


async def watch_loop_lag(stop: asyncio.Event, every_s: float = 1.0) -> None:
    """Measures how late the loop wakes up; a busy loop is seen before it hurts."""
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        due = loop.time() + every_s
        try:
            await asyncio.wait_for(stop.wait(), every_s)
        except TimeoutError:
            LOOP_LAG.set(max(0.0, loop.time() - due))
