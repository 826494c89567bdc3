"""Writes a store down and fills one from what was written.

    python -m tests.second.dump 0.1.0

makes `dumps/0.1.0.jsonl` with messages of every kind (`lives.py`), as this version keeps them.
Every released version keeps its own file for good: later ones must read them all.
`0.1.0-rules.jsonl` is from between versions: a paused message, and two with rules.
Messages are only added to `lives.py`; what is expected of one stays.  The first line says what is
needed to read the messages; each other is a key, its type, its value, and when it goes (ms since
1970, -1 never).  Bytes are base64.  All times of messages lie after 2100, so that the file can be
loaded whenever; `scrub` and `budget` go by the store's own clock and may be over by then.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.second.lives import Lives

DUMPS = Path(__file__).parent / "dumps"


def read(client: redis.Redis) -> dict[bytes, Any]:
    """Return every key of a store with its value."""
    return {key: _value(client, key, kind) for key, kind in _keys(client)}


def write(client: redis.Redis, lives: Lives) -> str:
    """Return a store's keys as lines."""
    lines = [json.dumps(asdict(lives), ensure_ascii=True)]
    for key, kind in _keys(client):
        value = _plain(_value(client, key, kind))
        record = {"key": _text(key), "type": kind, "value": value, "goes": client.pexpiretime(key)}
        lines.append(json.dumps(record))
    return "\n".join(lines) + "\n"


def records(written: str) -> Iterator[tuple[bytes, Any, int]]:
    """Yield each key of what was written, its value as `read` gives it, and when it goes."""
    for line in written.splitlines()[1:]:
        record = json.loads(line)
        value = record["value"]
        match record["type"]:
            case "string":
                value = _bytes(value)
            case "list":
                value = [_bytes(one) for one in value]
            case "set":
                value = {_bytes(one) for one in value}
            case "hash":
                value = {_bytes(k): _bytes(v) for k, v in value.items()}
            case "zset":
                value = {_bytes(k): v for k, v in value.items()}
        yield _bytes(record["key"]), value, record["goes"]


def load(client: redis.Redis, written: str) -> dict[str, Any]:
    """Fill a store from lines; return the first."""
    for key, value, goes in records(written):
        match value:
            case bytes():
                client.set(key, value)
            case list():
                client.rpush(key, *value)
            case set():
                client.sadd(key, *value)
            case dict() if all(isinstance(one, bytes) for one in value.values()):
                client.hset(key, mapping=value)
            case dict():
                client.zadd(key, value)
        if goes >= 0:
            client.pexpireat(key, goes)
    its: dict[str, Any] = json.loads(written.partition("\n")[0])
    return its


def _keys(client: redis.Redis) -> list[tuple[bytes, str]]:
    return [(key, client.type(key).decode()) for key in sorted(client.scan_iter(count=1_000))]


def _value(client: redis.Redis, key: bytes, kind: str) -> Any:
    match kind:
        case "string":
            return client.get(key)
        case "list":
            return client.lrange(key, 0, -1)
        case "hash":
            return client.hgetall(key)
        case "set":
            return client.smembers(key)
        case "zset":
            return dict(client.zrange(key, 0, -1, withscores=True))
    raise AssertionError(kind)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(k): _text(v) if isinstance(v, bytes) else v for k, v in value.items()}
    if isinstance(value, set):
        return sorted(map(_text, value))
    return [_text(one) for one in value] if isinstance(value, list) else _text(value)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.b64decode(value)


def main(version: str) -> None:
    """Make the file of a version."""
    from restante import wiring  # noqa: PLC0415 (the reader needs none of it)
    from restante.service.embedded_store import EmbeddedStore  # noqa: PLC0415
    from restante.store.connection import Connection  # noqa: PLC0415
    from tests.second.lives import live  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder), 64 * 1024 * 1024, "memory")
        store.start()
        try:
            connection = Connection(wiring.connect(store.url))
            lives = live(connection)
            with redis.Redis.from_url(store.url) as client:
                (DUMPS / f"{version}.jsonl").write_text(write(client, lives), "ascii")
        finally:
            store.stop()


if __name__ == "__main__":
    main(sys.argv[1])
