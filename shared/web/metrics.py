"""Figures of the HTTP side for Prometheus. Labels are few and never personal."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

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
TOO_SLOW = Counter(
    "tovholder_http_too_slow_total", "Connections that were closed because a step took too long", ["step"]
)
FORMS = Counter(
    "tovholder_forms_total",
    "Forms that anybody may send, by what became of them: taken, refused, limited",
    ["form", "outcome"],
)
