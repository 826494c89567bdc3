"""The metrics that are read from the store: what waits, memory, replicas, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from restante.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from restante.store.stats import Numbers, Waiting

_UP = ("restante_store_up", "1 if every primary of the store answered when this was asked for.")


class StoreGauges(Collector):
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
        yield from _channels(waiting)
        yield GaugeMetricFamily(
            "restante_blobs_to_delete",
            "Sealed files that the worker has to look at, or delete, now.",
            value=waiting.blobs,
        )
        yield GaugeMetricFamily(
            "restante_blobs_to_delete_oldest_seconds",
            "For how long the first of them waits; 0 if none does.",
            value=waiting.blobs_oldest / 1_000,
        )
        yield GaugeMetricFamily(
            "restante_uploads_open",
            "Uploads under way that are promised room.",
            value=waiting.uploads,
        )
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


def _channels(waiting: Waiting) -> Iterator[Metric]:
    queues = GaugeMetricFamily(
        "restante_channel_deliveries",
        "The same for each channel.",
        labels=["channel", "state"],
    )
    oldest = GaugeMetricFamily(
        "restante_channel_oldest_seconds",
        "For how long the first delivery that is due has been due; 0 if none is.",
        labels=["channel"],
    )
    for name, queue in waiting.channels.items():
        for state in ("ahead", "due", "late", "dead"):
            queues.add_metric([name, state], getattr(queue, state))
        oldest.add_metric([name], queue.oldest / 1_000)
    yield queues
    yield oldest
