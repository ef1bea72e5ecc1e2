"""What operators count: Prometheus metrics of the runtime. Labels are few and never personal."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

HTTP_SECONDS = Histogram(
    "tovholder_http_request_seconds", "Time to answer, by route template", ["method", "route"], buckets=_SECONDS
)
HTTP_ANSWERS = Counter(
    "tovholder_http_answers_total", "Answers by route template and status", ["method", "route", "status"]
)
COALESCED = Histogram(
    "tovholder_http_coalesced_requests",
    "Requests that shared a transaction",
    buckets=(1, 2, 5, 10, 20, 50, 100),
)
OVERLOADED = Counter("tovholder_http_overloaded_total", "Requests refused for want of room", ["why"])
TIMERS_FIRED = Counter("tovholder_timers_fired_total", "Timers carried out", ["timer"])
TIMERS_FAILED = Counter("tovholder_timers_failed_total", "Rounds of a timer that failed", ["timer"])
TIMERS_FAILING = Gauge("tovholder_timers_failing", "Timers that wait after an error of ours or in the data")
READY = Gauge("tovholder_ready", "1 when the service is ready")
