"""A small executable specification: operations on a message, and their results.

It knows no store, no keys and no crypto.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from restante.errors import (
    Gone,
    Held,
    Invalid,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
    Paused,
    Watched,
)
from restante.messages import Told
from tests.support import model_rules

LEASE, LEASE_MOST, PROLONG, TRIES = 120_000, 1_800_000, 600_000, 3
WATCH = 600_000
MINUTE = 60_000
LEASED = {"read", "spent", "locked"}
FINAL = {"spent", "recalled", "expired", "locked"}


@dataclass(eq=False)
class ModelLink:
    """One recipient's link, as the glossary has it."""

    text: str
    version: int
    passphrase: str | None
    views: int
    ended: str | None = None
    reveals: int = 0
    tries: int = TRIES
    leases: dict[int, int] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    view_of: dict[int, int] = field(default_factory=dict)
    claimed: dict[int, int] = field(default_factory=dict)
    confirmed: set[int] = field(default_factory=set)
    disputed: list[int] = field(default_factory=list)
    declined: list[int] = field(default_factory=list)
    on_screen: dict[int, int] = field(default_factory=dict)
    outcome: str | None = None
    recalled_at: int | None = None
    by_rule: bool = False
    unread_at: int | None = None
    times: dict[str, int] = field(default_factory=dict)
    scanned_at: int | None = None

    def is_watched(self, now: int) -> bool:
        return self.scanned_at is not None and now - self.scanned_at < WATCH


@dataclass
class ModelMessage:
    """A message and its expected state."""

    opens_at: int
    expires_at: int
    links: list[ModelLink]
    has_passphrase: bool
    version: int = 1
    paused_at: int | None = None
    tell_at: int | None = None
    recall_at: int | None = None
    events: list[tuple[str, int | None, dict[str, Any]]] = field(default_factory=list)

    def state(self, link: ModelLink, now: int) -> str:
        if link.ended:
            return link.ended
        if self.is_ruled(link, now):
            return "recalled"
        if now >= self.expires_at:
            return "expired"
        if link.reveals:
            return "read"
        return "held" if now < self.opens_at else "sealed"

    def is_ruled(self, link: ModelLink, now: int) -> bool:
        return model_rules.has_recalled(self, link, now)

    def set_rules(self, tell: int | None, recall: int | None, now: int) -> tuple[Any, ...]:
        model_rules.run(self, now)
        return model_rules.change(self, tell, recall, now)

    def lease_open(self, link: ModelLink, reader: int, now: int) -> bool:
        return link.leases.get(reader, 0) > now and self.state(link, now) in LEASED

    def record(self, event: str, link: ModelLink | None = None, **facts: Any) -> None:
        self.events.append((event, None if link is None else self.links.index(link), facts))

    def refused(self, link: ModelLink, reader: int, now: int) -> tuple[Any, ...]:
        state = self.state(link, now)
        if reader in link.leases or state in FINAL:
            return Gone, state
        if self.paused_at is not None:
            return (Paused,)
        return (Held, self.opens_at) if state == "held" else ()

    def reveal(
        self, link: ModelLink, reader: int, given: str | None, now: int, *, wary: bool
    ) -> tuple[Any, ...]:
        model_rules.run(self, now)
        told = self.reveal_ruled(link, reader, given, now, wary=wary)
        model_rules.drop(self)
        return told

    def reveal_ruled(
        self, link: ModelLink, reader: int, given: str | None, now: int, *, wary: bool
    ) -> tuple[Any, ...]:
        again = self.lease_open(link, reader, now)
        if not again and (refused := self.refused(link, reader, now)):
            return refused
        if not again and wary and link.is_watched(now):
            return (Watched,)
        if link.passphrase is not None and given is None:
            return (PassphraseRequired,)
        if link.passphrase is not None and given != link.passphrase:
            if again:
                return PassphraseWrong, link.tries
            link.tries -= 1
            if link.tries:
                self.record("link.passphrase_wrong", link, tries_left=link.tries)
                return PassphraseWrong, link.tries
            self.record("link.locked", link)
            link.ended = "locked"
            return Gone, "locked"
        if not again:
            link.reveals += 1
            link.leases[reader] = min(now + LEASE, self.expires_at)
            link.view_of[reader] = link.reveals
            link.claimed[reader] = now
            link.times.setdefault("first", now)
            link.times["last"] = now
            self.record("link.revealed", link, view=link.reveals)
            if link.reveals == link.views:
                link.ended = "spent"
        return (
            link.text, link.ended or "read", 0 if link.ended else link.views - link.reveals,
            link.leases[reader], not again,
        )  # fmt: skip

    def acknowledge(self, link: ModelLink, reader: int, now: int, *, keep: bool) -> tuple[Any, ...]:
        if reader not in link.leases:
            return (NotFound,)
        if reader not in link.acknowledged:
            link.acknowledged.add(reader)
            link.times.setdefault("acknowledged", now)
            self.record("link.acknowledged", link, view=link.view_of[reader])
        if not keep:
            link.leases[reader] = 0
        return (self.views_left(link, now),)

    def views_left(self, link: ModelLink, now: int) -> int:
        return 0 if self.state(link, now) in FINAL else link.views - link.reveals

    def extend_lease(self, link: ModelLink, reader: int, now: int) -> tuple[Any, ...]:
        if reader not in link.leases:
            return (NotFound,)
        if not self.lease_open(link, reader, now):
            return Gone, self.state(link, now)
        latest = min(link.claimed[reader] + LEASE_MOST, self.expires_at)
        ends = min(now + PROLONG, latest)
        if ends - link.leases[reader] >= MINUTE:
            link.leases[reader] = ends
            self.record("link.prolonged", link, view=link.view_of[reader], until=ends)
        return link.leases[reader], latest, now

    def confirm(self, link: ModelLink, reader: int, now: int) -> tuple[Any, ...]:
        if reader not in link.leases:
            return (NotFound,)
        if reader not in link.confirmed:
            link.confirmed.add(reader)
            link.times.setdefault("confirmed", now)
            self.record("link.confirmed", link, view=link.view_of[reader])
        return ()

    def dispute(self, link: ModelLink, reader: int, now: int) -> Told | None:
        if reader in link.leases or not (link.reveals or self.state(link, now) == "locked"):
            return None
        return self._told(link, link.disputed, reader, "link.disputed")

    def decline(self, link: ModelLink, reader: int, now: int) -> tuple[Any, ...] | None:
        held = reader in link.leases
        if held:
            link.leases[reader] = 0
        elif self.state(link, now) in FINAL and reader not in link.declined:
            return None
        told = self._told(link, link.declined, reader, "link.declined")
        return told, held, self.views_left(link, now)

    def _told(self, link: ModelLink, said: list[int], reader: int, event: str) -> Told:
        if reader in said:
            return Told.TOLD
        if len(said) == 3:
            return Told.ENOUGH
        said.append(reader)
        self.record(event, link)
        return Told.TOLD

    def show(self, link: ModelLink, reader: int, seconds: int, now: int) -> tuple[Any, ...]:
        if reader not in link.leases:
            return (NotFound,)
        shown = min(seconds * 1000, now - link.claimed[reader])
        link.on_screen[reader] = max(link.on_screen.get(reader, 0), shown)
        return ()

    def recall(self, chosen: list[ModelLink], now: int) -> list[tuple[str, int, int | None]]:
        model_rules.run(self, now)
        for link in chosen:
            if link.outcome:
                continue
            state = self.state(link, now)
            if state in FINAL:
                link.outcome = f"already_{state}"
            else:
                link.outcome = "recalled_after_read" if link.reveals else "recalled_unread"
                link.ended = "recalled"
            link.leases = dict.fromkeys(link.leases, 0)
            link.recalled_at = now
            self.record("link.recalled", link, outcome=link.outcome)
        model_rules.drop(self)
        return [(link.outcome or "", link.reveals, link.recalled_at) for link in chosen]

    def replace(self, text: str, passphrase: str | None, now: int) -> tuple[Any, ...]:
        if self.has_passphrase and passphrase is None:
            return (Invalid,)
        model_rules.run(self, now)
        outcomes, moved = [], []
        for link in self.links:
            state = self.state(link, now)
            if state in {"held", "sealed"}:
                moved.append(link)
                outcomes.append("replaced")
            else:
                outcomes.append(f"already_{state}")
        if moved:
            self.version += 1
            self.has_passphrase |= passphrase is not None
            self.record("message.replaced", version=self.version)
        for link in moved:
            link.text, link.version = text, self.version
            link.passphrase, link.tries = passphrase, TRIES
            self.record("link.replaced", link, version=self.version)
        return self.version, outcomes

    def extend(self, expires_at: int, now: int) -> tuple[Any, ...]:
        model_rules.run(self, now)
        living = [link for link in self.links if self.state(link, now) not in FINAL]
        if not living:
            return (Gone,)
        if expires_at <= self.opens_at:
            return (Invalid,)
        self.record("message.extended", **{"from": self.expires_at, "to": expires_at})
        self.expires_at = expires_at
        for link in living:
            link.leases = {r: min(at, expires_at) for r, at in link.leases.items()}
        return (expires_at,)

    def pause(self, now: int) -> tuple[Any, ...]:
        model_rules.run(self, now)
        if all(self.state(link, now) in FINAL for link in self.links):
            return (Gone,)
        if self.paused_at is None:
            self.paused_at = now
            leases = sum(
                self.lease_open(link, reader, now) for link in self.links for reader in link.leases
            )
            self.record("message.paused", leases=leases)
        return ()

    def resume(self, now: int) -> tuple[Any, ...]:
        model_rules.run(self, now)
        if all(self.state(link, now) in FINAL for link in self.links):
            return (Gone,)
        if self.paused_at is not None:
            self.paused_at = None
            self.record("message.resumed")
        return ()

    def worker(self, now: int, ids: list[bytes]) -> None:
        model_rules.run(self, now)
        due = [link for link in self.links if not link.ended and now >= self.expires_at]
        for link in sorted(due, key=lambda link: ids[self.links.index(link)]):
            link.ended = "expired"
            self.record("link.expired", link, reveals=link.reveals)
        model_rules.drop(self)

    def opens_for_somebody(self, link: ModelLink, now: int) -> bool:
        if self.state(link, now) in FINAL - LEASED:
            return False
        return link.ended is None or any(at > now for at in link.leases.values())
