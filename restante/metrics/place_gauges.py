"""The metrics of the place of files: does it work, how much does it keep, how much is free?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from restante.place_watch import PlaceWatch


class PlaceGauges(Collector):
    """Collects what a look at the place finds; if it does not work, only that fact."""

    def __init__(self, watch: PlaceWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        seen = self._watch.look()
        yield GaugeMetricFamily(
            "restante_blobs_up",
            "1 if the place of sealed files works and belongs to this store.",
            value=int(seen.works),
        )
        if seen.used is None:
            return
        kept = GaugeMetricFamily(
            "restante_blobs_bytes",
            "Bytes of sealed files, of whole ones and of uploads under way.",
            labels=["state"],
        )
        kept.add_metric(["whole"], seen.used.whole)
        kept.add_metric(["under_way"], seen.used.under_way)
        yield kept
        yield GaugeMetricFamily(
            "restante_blobs_limit_bytes",
            "Bytes of sealed files at which no further upload begins.",
            value=seen.most,
        )
        if seen.room is not None:
            yield GaugeMetricFamily(
                "restante_blobs_free_bytes",
                "Bytes that are free on their disk, without the reserve; missing in S3.",
                value=seen.room,
            )
