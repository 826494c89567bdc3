"""The metrics.  Labels have small fixed sets of values: nothing is counted per message.

Each process counts in its own files in the folder that the variable `shared_folder.VARIABLE` names;
the process that shows the metrics sums them.  Without a folder a process shows only its own.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from restante.errors import Unavailable
from restante.metrics import shared_folder
from restante.metrics.multiprocess import AllProcesses, claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from restante.store.stats import Numbers

DEEDS = {
    ("send", b"sent"): "sent",
    ("reveal", b"revealed"): "revealed",
    ("reveal", b"reread"): "reread",
    ("reveal", b"passphrase-wrong"): "passphrase_wrong",
    ("reveal", b"code-wrong"): "code_wrong",
    ("request_code", b"requested"): "code_requested",
    ("refuse_code", b"recorded"): "code_failed",
    ("reveal", b"locked"): "locked",
    ("acknowledge", b"acknowledged"): "acknowledged",
    ("extend_lease", b"prolonged"): "prolonged",
    ("confirm", b"confirmed"): "confirmed",
    ("dispute", b"disputed"): "disputed",
    ("decline", b"declined"): "declined",
    ("fail", b"recorded"): "failed",
    ("recall", b"recalled"): "recalled",
    ("replace", b"replaced"): "replaced",
    ("extend", b"extended"): "extended",
    ("pause", b"paused"): "paused",
    ("resume", b"resumed"): "resumed",
    ("set_channel", b"set"): "notify_changed",
    ("set_rules", b"set"): "rules_changed",
    ("run_rules", b"ruled"): "rules_run",
    ("expire", b"expired"): "expired",
    ("end_leases", b"ended"): "lease_ended",
    ("forget", b"forgotten"): "forgotten",
    ("settle", b"settled"): "delivered",
    ("settle", b"delayed"): "delivery_failed",
    ("settle", b"given-up"): "delivery_given_up",
}
"""Names of outcomes, by verb and the first word of the script's reply."""
VISITORS = ("browser", "sender", "program", "prefetch", "preview_bot", "scanner_suspected")
LIMITS = ("send", "preview", "status", "reveal", "passphrase", "budget", "notices")
STORE_BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_UP = ("restante_store_up", "1 if every primary of the store answered when this was asked for.")
NOWHERE = "none"
"""The endpoint of a request for a URL that does not exist."""


class Meters:
    """Counts in this process, and shows the sums of all processes that share the folder."""

    def __init__(self) -> None:
        self._folder = Path(named) if (named := os.environ.get(shared_folder.VARIABLE)) else None
        self._claim = claim(self._folder) if self._folder else None
        ours = CollectorRegistry()
        self._shown = CollectorRegistry() if self._folder else ours
        if self._folder:
            self._shown.register(AllProcesses(self._folder))
        self._requests = Counter(
            "restante_requests",
            "Requests answered, by what was asked for, method and status.",
            ["endpoint", "method", "status"],
            registry=ours,
        )
        self._request_seconds = Histogram(
            "restante_request_seconds",
            "Time from a request's head to its answer.",
            ["endpoint"],
            buckets=REQUEST_BUCKETS,
            registry=ours,
        )
        self._round_trips = Counter(
            "restante_store_round_trips",
            "Scripts sent to the store, by verb and how it ended: answered, or an error's class.",
            ["verb", "outcome"],
            registry=ours,
        )
        self._store_seconds = Histogram(
            "restante_store_seconds",
            "Time of a script on the store, with the way there and back.",
            ["verb"],
            buckets=STORE_BUCKETS,
            registry=ours,
        )
        self._deeds = Counter(
            "restante_deeds", "What was done to messages and links.", ["kind"], registry=ours
        )
        self._looks = Counter(
            "restante_looks",
            "Gates shown, by the class of the visitor.",
            ["class"],
            registry=ours,
        )
        self._refused = Counter(
            "restante_rate_limited", "Requests refused by a limit.", ["limit"], registry=ours
        )
        # Looking up a counter by its labels costs as much as counting.
        self._trip = cache(
            lambda verb, outcome: (
                self._round_trips.labels(verb, outcome),
                self._store_seconds.labels(verb),
            )
        )
        self._request = cache(
            lambda endpoint, method, status: (
                self._requests.labels(endpoint, method, str(status)),
                self._request_seconds.labels(endpoint),
            )
        )
        # Show counters from 0 on, so that the first event appears as an increase.
        for kind in DEEDS.values():
            self._deeds.labels(kind)
        for visitor in VISITORS:
            self._looks.labels(visitor)
        for limit in LIMITS:
            self._refused.labels(limit)

    def asked(self, verb: str, word: object, outcome: str, seconds: float) -> None:
        """Count a script that was sent to the store; see `restante.store.connection`."""
        trips, times = self._trip(verb, outcome)
        trips.inc()
        times.observe(seconds)
        if isinstance(word, bytes) and (kind := DEEDS.get((verb, word))):
            self._deeds.labels(kind).inc()

    def answered(
        self, endpoint: str | None, method: str, status: int, seconds: float | None
    ) -> None:
        """Count a request; *seconds* is None if its start is unknown."""
        requests, times = self._request(endpoint or NOWHERE, method, status)
        requests.inc()
        if seconds is not None:
            times.observe(seconds)

    def looked(self, visitor: str) -> None:
        """Count a look at a gate."""
        self._looks.labels(visitor).inc()

    def refused(self, limit: str) -> None:
        """Count a request that a limit refused."""
        self._refused.labels(limit).inc()

    def watch(self, numbers: Numbers) -> None:
        """Also show the store's statistics, read for every request of the metrics."""
        self._shown.register(_Store(numbers))

    def show(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics in the best format for the header Accept, and its content type."""
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is no number
            encode, content_type = choose_encoder("")
        return encode(self._shown), content_type


class _Store(Collector):
    """Collects the store's statistics; if the store does not answer, only that fact."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        try:
            waiting, memory = self._numbers.read()
        except Unavailable:
            yield GaugeMetricFamily(*_UP, value=0)
            return
        yield GaugeMetricFamily(*_UP, value=1)
        yield GaugeMetricFamily(
            "restante_deadlines_overdue",
            "Links to expire and messages to forget that the worker is a minute late with.",
            value=waiting.deadlines_late,
        )
        deliveries = GaugeMetricFamily(
            "restante_deliveries",
            "Notifications to be delivered: next try ahead, due now, a minute late, given up.",
            labels=["state"],
        )
        for state in ("ahead", "due", "late", "dead"):
            deliveries.add_metric([state], getattr(waiting, state))
        yield deliveries
        used = GaugeMetricFamily(
            "restante_store_memory_bytes",
            "Memory each primary uses; a primary is known by the first shard it keeps.",
            labels=["primary"],
        )
        limit = GaugeMetricFamily(
            "restante_store_memory_limit_bytes",
            "Memory at which a primary takes no further message; missing where it has no limit.",
            labels=["primary"],
        )
        missing = GaugeMetricFamily(
            "restante_store_replicas_missing",
            "Replicas that replicas:all waits for and that are not connected; 1 if there is none.",
            labels=["primary"],
        )
        failed = GaugeMetricFamily(
            "restante_store_rewrite_failed",
            "1 if the last rewrite of the primary's file failed: destroyed bytes are still in it.",
            labels=["primary"],
        )
        snapshots = GaugeMetricFamily(
            "restante_store_snapshots",
            "Snapshots the primary wrote since it started; they keep what was destroyed since.",
            labels=["primary"],
        )
        for one in memory:
            snapshots.add_metric([str(one.shard)], one.snapshots)
            failed.add_metric([str(one.shard)], int(one.rewrite_failed))
            if one.missing is not None:
                missing.add_metric([str(one.shard)], one.missing)
            used.add_metric([str(one.shard)], one.used)
            if one.limit:
                limit.add_metric([str(one.shard)], one.limit)
        yield used
        yield limit
        yield missing
        yield failed
        yield snapshots
