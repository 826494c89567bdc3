"""The schema: where a message's keys lie."""

from __future__ import annotations

from collections import Counter

import pytest
from redis.crc import key_slot

from restante.crypto.tokens import SHARDS, ControlToken, LinkToken
from restante.store import keys

SLOTS = 16_384


def slot_by_hand(tag: str) -> int:
    """CRC-16/XMODEM of the tag, as the cluster specification has it."""
    crc = 0
    for byte in tag.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc % SLOTS


def test_every_shard_has_a_tag_and_a_slot_of_its_own():
    assert len(keys.TAGS) == len(set(keys.TAGS)) == SHARDS
    assert len({slot_by_hand(tag) for tag in keys.TAGS}) == SHARDS


@pytest.mark.parametrize("primaries", range(3, 17))
def test_the_shards_spread_evenly_over_any_usual_cluster(primaries):
    """As redis-cli shares the slots out: equal ranges, in order."""
    most = -(-SHARDS // primaries)
    held = Counter(primary_of(slot_by_hand(tag), primaries) for tag in keys.TAGS)

    assert len(held) == primaries
    assert max(held.values()) - min(held.values()) <= 1
    assert max(held.values()) == most


def primary_of(slot: int, primaries: int) -> int:
    return slot * primaries // SLOTS


@pytest.mark.parametrize("shard", range(SHARDS))
def test_all_keys_of_a_message_lie_in_one_slot_whatever_bytes_its_ids_have(shard):
    control = ControlToken(shard, bytes(24))
    odd = b"}{\n\0:}{x" * 2
    made = [
        keys.message(control),
        keys.link(control.link(0)),
        keys.link_of(shard, odd),
        keys.message_of(shard, odd),
        keys.due(shard),
        keys.budget(bytes([16 + shard, 7])),
    ]

    assert {key_slot(key) for key in made} == {slot_by_hand(keys.TAGS[shard])}


def test_the_operators_tokens_lie_in_one_fixed_place():
    assert key_slot(keys.sender_tokens()) == slot_by_hand(keys.TAGS[0])


def test_a_record_is_found_the_same_way_from_its_token_and_from_its_id():
    control = ControlToken.new()
    link: LinkToken = control.link(0)

    assert keys.message(control) == keys.message_of(control.shard, control.message_id)
    assert keys.link(link) == keys.link_of(control.shard, link.link_id)
