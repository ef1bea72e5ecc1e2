"""Figures of the runtime for Prometheus: timers, readiness, the log."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from shared.base import log as logs

TIMERS_FIRED = Counter("tovholder_timers_fired_total", "Timers carried out", ["timer"])
TIMERS_FAILED = Counter("tovholder_timers_failed_total", "Rounds of a timer that failed", ["timer"])
TIMERS_FAILING = Gauge("tovholder_timers_failing", "Timers that wait after an error of ours or in the data")
TIMERS_UNKNOWN = Gauge("tovholder_timers_unknown", "Names of due timers that this version does not know")
READY = Gauge("tovholder_ready", "1 when the service is ready")
LOG_LINES_LOST = Gauge("tovholder_log_lines_lost", "Lines of the log that could not be written since the start")
LOG_LINES_LOST.set_function(logs.lost)
