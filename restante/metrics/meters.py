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
from prometheus_client.exposition import choose_encoder

from restante.channels import CHANNELS
from restante.metrics import shared_folder
from restante.metrics.multiprocess import AllProcesses, claim
from restante.metrics.place_gauges import PlaceGauges
from restante.metrics.store_gauges import StoreGauges

if TYPE_CHECKING:
    from restante.place_watch import PlaceWatch
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
LIMITS = (
    "send",
    "preview",
    "status",
    "reveal",
    "passphrase",
    "budget",
    "notices",
    "pushes",
    "tests",
    "upload",
    "streams",
    "full",
    "too_large",
)
WAYS = ("up", "down")
STORE_BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
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
        self._notifications = Counter(
            "restante_notifications",
            "Deliveries by channel: sent, failed (to be tried again), given up.",
            ["channel", "outcome"],
            registry=ours,
        )
        self._moved = Counter(
            "restante_file_bytes", "Bytes of files that came and went.", ["way"], registry=ours
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
        for way in WAYS:
            self._moved.labels(way)
        for channel in CHANNELS:
            for outcome in ("sent", "failed", "given_up"):
                self._notifications.labels(channel, outcome)

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

    def delivered(self, channel: str, outcome: str, many: int = 1) -> None:
        """Count deliveries through a channel: `sent`, `failed` or `given_up`."""
        self._notifications.labels(channel, outcome).inc(many)

    def filed(self, word: str, many: int = 1) -> None:
        """Count bytes of files that came (`up`) or went (`down`), or an upload that was refused."""
        if word in WAYS:
            self._moved.labels(word).inc(many)
        else:
            self.refused(word)

    def watch(self, numbers: Numbers, place: PlaceWatch | None = None) -> None:
        """Also show the statistics of the store and of the place of files, read when asked for."""
        self._shown.register(StoreGauges(numbers))
        if place:
            self._shown.register(PlaceGauges(place))

    def show(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics in the best format for the header Accept, and its content type."""
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is no number
            encode, content_type = choose_encoder("")
        return encode(self._shown), content_type
