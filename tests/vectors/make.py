"""Makes the frozen vectors a second time, from docs/specs/ alone; imports no product code.

    python tests/vectors/make.py          compares with the frozen files
    python tests/vectors/make.py write    freezes them again

make_files.py does the same for docs/specs/file.md.
HKDF is written out over stdlib's HMAC; AES-GCM and Argon2id are the bare primitives.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
TEXT = "the safe is behind the Vermeer\r\n\0\N{WINKING FACE} \N{HEBREW LETTER SHIN}"

Case = dict[str, Any]

RFC8291: Case = {
    "plaintext": "When I grow up, I want to be a watermelon",
    "as_private": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "ua_public": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
    "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "ua_private": "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "auth_secret": "BTBZMqHH6r4Tts7J_aSIgg",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "body": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
}
RFC8292: Case = {
    "authorization": "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3"
    "B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1ha"
    "Wx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_H"
    "LGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, "
    "k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs",
    "key": "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxH"
    "F6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs",
    "claims": {
        "aud": "https://push.example.net",
        "exp": 1_453_523_768,
        "sub": "mailto:push@example.com",
    },
}
"""The examples of RFC 8291, section 5, and of RFC 8292, section 2.4."""


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def made_up(name: str, size: int) -> bytes:
    """Bytes that look random and are the same every time."""
    return hashlib.shake_256(b"restante test vectors: " + name.encode()).digest(size)


def hkdf_extract(salt: bytes, ikm: bytes) -> bytes:
    """RFC 5869, 2.2; no salt is 32 zero bytes."""
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def hkdf_expand(prk: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869, 2.3."""
    block, made = b"", b""
    for count in range(1, 256):
        if len(made) >= size:
            break
        block = hmac.digest(prk, block + info + bytes([count]), "sha256")
        made += block
    return made[:size]


def stretched(passphrase: str, message_id: bytes) -> bytes:
    argon2 = Argon2id(salt=message_id, length=32, iterations=2, lanes=1, memory_cost=19 * 1024)
    return argon2.derive(unicodedata.normalize("NFC", passphrase).encode())


def token(kind: str, shard: int, secret: bytes) -> str:
    return kind + base64.urlsafe_b64encode(bytes([shard]) + secret).decode().rstrip("=")


def sender_token(secret: bytes) -> str:
    return "S" + base64.urlsafe_b64encode(secret).decode()


def link_secret(control_secret: bytes, index: int) -> bytes:
    info = b"restante/v1/link" + index.to_bytes(2, "big")
    return hkdf_expand(hkdf_extract(b"", control_secret), info, 24)


def message_id(control_secret: bytes) -> bytes:
    return sha(b"restante/v1/message-id", control_secret)[:16]


def link_id(secret: bytes) -> bytes:
    return sha(b"restante/v1/link-id", secret)[:16]


def sender_id(secret: bytes) -> bytes:
    return sha(b"restante/v1/sender-id", secret)[:16]


def sender_key(secret: bytes) -> bytes:
    return hkdf_expand(hkdf_extract(b"", secret), b"restante/v1/sender-key", 32)


def list_token(secret: bytes) -> str:
    return token("R", sender_id(secret)[0] % 16, secret)


def root_id(root_key: bytes) -> bytes:
    return sha(b"restante/v1/root-key-id", root_key)[:4]


# docs/specs/link.md


def send_vectors() -> Iterator[Case]:
    senders = (bytes(16), made_up("sender token id", 16))
    keys = ("8b4f2f2e-4f0b-4f0e-9d0a-1c9a52a6f3b7", "!" * 32, "~" * 128)
    for sender, key in itertools.product(senders, keys):
        root_key, salt = made_up("root key", 32), made_up(f"salt {key}", 16)
        request = sha(b'{"text": "t"}')
        send_id = sha(b"restante/v1/send-id", sender, key.encode())[:16]
        send_key = hmac.digest(root_key, b"restante/v1/send-key", "sha256")
        secret = hmac.digest(send_key, salt + send_id + request + key.encode(), "sha256")[:24]
        yield {
            "key": key,
            "sender": sender.hex(),
            "request": request.hex(),
            "root_key": root_key.hex(),
            "salt": salt.hex(),
            "send_id": send_id.hex(),
            "check": sha(b"restante/v1/send-check", secret)[:16].hex(),
            "control_token": token("C", send_id[0] % 16, secret),
        }


def link_vectors() -> Case:
    controls = []
    for name, shard in (("control", 0), ("another control", 7), ("a third control", 15)):
        secret = made_up(name, 24)
        links = []
        for index in (0, 1, 99, 65_535):
            one = link_secret(secret, index)
            links.append(
                {
                    "index": index,
                    "secret": one.hex(),
                    "token": token("L", shard, one),
                    "link_id": link_id(one).hex(),
                    "readers": [
                        {
                            "nonce": n,
                            "reader_id": sha(b"restante/v1/reader", one, n.encode())[:16].hex(),
                        }
                        for n in ("!" * 16, "~" * 128, "8b4f2f2e-4f0b-4f0e-9d0a-1c9a52a6f3b7")
                    ],
                }
            )
        controls.append(
            {
                "shard": shard,
                "secret": secret.hex(),
                "token": token("C", shard, secret),
                "message_id": message_id(secret).hex(),
                "senders": [
                    {
                        "cookie": c,
                        "sender_id": sha(b"restante/v1/sender", secret, c.encode())[:16].hex(),
                    }
                    for c in ("", "a cookie", "Zoë")
                ],
                "links": links,
            }
        )
    keys = [made_up(name, 32) for name in ("root key", "older root key")]
    a_link = token("L", 3, made_up("rejected", 24))
    return {
        "controls": controls,
        "root_keys": [
            {
                "written": base64.urlsafe_b64encode(key).decode(),
                "unpadded": base64.urlsafe_b64encode(key).decode().rstrip("="),
                "key": key.hex(),
                "root_id": root_id(key).hex(),
            }
            for key in keys
        ],
        "sender_tokens": [
            {
                "secret": secret.hex(),
                "token": sender_token(secret),
                "token_id": sha(b"restante/v1/sender-token-id", secret)[:16].hex(),
            }
            for secret in (made_up("a sender", 24), bytes(24), b"\xff" * 24)
        ],
        "sends": list(send_vectors()),
        "rejected_sender_tokens": list(rejected_sender_tokens(sender_token(b"\xfb\xff\xbf" * 8))),
        "lists": [
            {
                "secret": secret.hex(),
                "cookie": base64.urlsafe_b64encode(secret).decode(),
                "sender_id": sender_id(secret).hex(),
                "sender_key": sender_key(secret).hex(),
                "token": list_token(secret),
            }
            for secret in (made_up("a list", 24), bytes(24), b"\xff" * 24)
        ],
        "rejected": [
            *({"asked": "link"} | case for case in rejected_tokens(a_link)),
            *({"asked": "control"} | case for case in rejected_controls(a_link)),
            *({"asked": "list"} | case for case in rejected_lists(made_up("a list", 24))),
        ],
        "pasted": list(pasted(token("L", 3, made_up("pasted", 24)))),
        "rejected_nonces": ["", "!" * 15, "~" * 129, "sixteen letters ", "a" * 15 + "é",
                            "a" * 16 + "\n", "a" * 15 + "\x7f", "a" * 15 + "\0"],
    }  # fmt: skip


def rejected_tokens(good: str) -> list[Case]:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(good[-1])
    assert last % 16 == 0, "four of the last character's six bits carry nothing"
    cases = [
        {"why": "a spelling that decodes alike", "token": good[:-1] + alphabet[last + n]}
        for n in range(1, 16)
    ]
    cases += [
        {"why": f"shard {shard}", "token": token("L", shard, made_up("rejected", 24))}
        for shard in (16, 17, 128, 255)
    ]
    cases += [
        {"why": f"kind {kind!r}", "token": kind + good[1:]} for kind in ("C", "l", "K", "-", " ")
    ]
    cases += [
        {"why": f"{length} characters", "token": (good + "A" * 40)[:length]}
        for length in (0, 1, 2, 33, 34, 36, 37, 70)
    ]
    for sign in ("=", "+", "/", "%", ".", " ", "\n", "\0", "é", "\u0430"):
        cases.append({"why": f"{sign!r} at its end", "token": good[:-1] + sign})
        cases.append({"why": f"{sign!r} within", "token": good[:10] + sign + good[11:]})
        cases.append({"why": f"{sign!r} behind it", "token": good + sign})
        cases.append({"why": f"{sign!r} before it", "token": sign + good})
    cases.append(
        {
            "why": "the other alphabet",
            "token": token("L", 3, b"\xfb\xff" * 12).replace("-", "+").replace("_", "/"),
        }
    )
    cases.append({"why": "lower case", "token": good.lower()})
    return cases


def rejected_controls(link: str) -> list[Case]:
    good = "C" + link[1:]
    return [
        {"why": "a link token", "token": link},
        {"why": "kind 'c'", "token": "c" + good[1:]},
        {"why": "shard 16", "token": token("C", 16, made_up("rejected", 24))},
        {"why": "34 characters", "token": good[:-1]},
        {"why": "36 characters", "token": good + "A"},
        {"why": "a sender token", "token": sender_token(made_up("rejected", 24))},
    ]


def rejected_lists(secret: bytes) -> list[Case]:
    good = list_token(secret)
    own = sender_id(secret)[0] % 16
    cases = [
        {"why": f"shard {shard}, which is another secret's", "token": token("R", shard, secret)}
        for shard in range(16)
        if shard != own
    ]
    cases += [
        {"why": f"kind {kind!r}", "token": kind + good[1:]} for kind in ("C", "L", "S", "r", "-")
    ]
    return [
        *cases,
        {"why": "shard 16 more", "token": token("R", own + 16, secret)},
        {"why": "34 characters", "token": good[:-1]},
        {"why": "36 characters", "token": good + "A"},
        {"why": "a control token", "token": token("C", own, secret)},
        {"why": "the cookie", "token": base64.urlsafe_b64encode(secret).decode()},
    ]


def rejected_sender_tokens(good: str) -> list[Case]:
    cases = [{"why": f"kind {kind!r}", "token": kind + good[1:]} for kind in ("C", "L", "s", "-")]
    cases += [
        {"why": f"{length} characters", "token": (good + "A" * 40)[:length]}
        for length in (0, 1, 29, 32, 34, 35, 37)
    ]
    for sign in ("=", "+", "/", "%", ".", " ", "\n", "\0", "é", "\u0430"):
        cases.append({"why": f"{sign!r} at its end", "token": good[:-1] + sign})
        cases.append({"why": f"{sign!r} within", "token": good[:10] + sign + good[11:]})
        cases.append({"why": f"{sign!r} behind it", "token": good + sign})
        cases.append({"why": f"{sign!r} before it", "token": sign + good})
    other = good.replace("-", "+").replace("_", "/")
    cases.append({"why": "the other alphabet", "token": other})
    cases.append({"why": "a control token", "token": token("C", 3, made_up("rejected", 24))})
    return cases


def pasted(good: str) -> list[Case]:
    """What a page takes (`token` is what it reads, or null), though the API takes none of it."""
    cases: list[Case] = [
        {"pasted": before + good + behind, "token": good}
        for before in ("", '"', "'", "<", "(", "[", "«", "„", '("', "<<")
        for behind in ("", ".", ">", "'", '">', ")", "%27", "/", "=3D", "\u200b", " and more", good)
    ]
    cases += [
        {"pasted": before + good, "token": good}
        for before in (
            ".", "/", " ", "%", ">", ")", "=", "*", ":", "\n", "\0", "=3D", "%3D", "\u00a0",
            "\u200b", "\ufeff", "\u200e", "\u2066", "link: ", "https://a.example/m/",
        )
    ]  # fmt: skip
    cases += [
        {"pasted": good[:12] + inside + good[12:], "token": good}
        for inside in ("\u00ad", "\u200b", "\u2060", " ", "\n", "\r\n ", "=\r\n", "=\n", "=")
    ]
    escapes = {"\\{}": "_", "=5F": "_", "%5F": "_", "%255F": "_", "&#95;": "_", "&#x2D;": "-"}
    cases += [
        {"pasted": good.replace(sign, escape.format(sign)), "token": good}
        for escape, sign in escapes.items()
    ]
    defended = good.replace("_", "-5F") if "-" not in good else good.replace("-", "-2D")
    cases += [
        {"pasted": f"https-3A__a.example_m_{defended}", "token": good},
        {"pasted": f"?url=https%3A%2F%2Fa.example%2Fm%2F{good}&data=05%7C02", "token": good},
        {"pasted": f"__https://a.example/m/{good}__;!!Ab3!x-Y$", "token": good},
    ]
    cases += [
        {"pasted": wrong, "token": None}
        for wrong in ("", "L", '"', good[1:], good[:-1], "x" + good, "3D" + good)
    ]
    return cases


# docs/specs/envelope.md


def sealed(key: bytes, nonce: bytes, plain: bytes, header: bytes, aad: bytes) -> bytes:
    return header + nonce + AESGCM(key).encrypt(nonce, plain, aad)


def link_keys(root_key: bytes, secret: bytes, stretch: bytes) -> tuple[bytes, bytes]:
    prk = hkdf_extract(root_key, secret + stretch)
    own = link_id(secret)
    return (
        hkdf_expand(prk, b"restante/v1/link-key" + own, 32),
        hkdf_expand(prk, b"restante/v1/passphrase-verifier" + own, 16),
    )


def wrapped_key(  # noqa: PLR0917 (the formula's variables)
    key: bytes,
    nonce: bytes,
    content_key: bytes,
    header: bytes,
    mid: bytes,
    lid: bytes,
    version: int,
) -> bytes:
    aad = b"restante/v1/wrapped-key" + header + mid + lid + version.to_bytes(4, "big")
    return sealed(key, nonce, content_key, header, aad)


def content(  # noqa: PLR0917 (the formula's variables)
    content_key: bytes, nonce: bytes, text: bytes, header: bytes, mid: bytes, version: int
) -> bytes:
    aad = b"restante/v1/content" + header + mid + version.to_bytes(4, "big")
    return sealed(content_key, nonce, text, header, aad)


def box(  # noqa: PLR0917 (the formula's variables)
    root_key: bytes,
    salt: bytes,
    nonce: bytes,
    plain: bytes,
    header: bytes,
    purpose: str,
    record: bytes,
) -> bytes:
    info = b"restante/v1/box/" + purpose.encode() + record
    key = hkdf_expand(hkdf_extract(salt, root_key), info, 32)
    return header + salt + nonce + AESGCM(key).encrypt(nonce, plain, header + info)


def sent_line(secret: bytes, nonce: bytes, plain: bytes, own: bytes | None = None) -> bytes:
    aad = b"restante/v1/sent" + (own or sender_id(secret))
    return sealed(sender_key(secret), nonce, plain, b"\x01", aad)


def mailed_code(root_key: bytes, lid: bytes, code: str) -> bytes:
    key = hmac.digest(root_key, b"restante/v1/mailed-code", "sha256")
    return hmac.digest(key, lid + code.encode(), "sha256")[:16]


def mailed_address(root_key: bytes, address: str) -> bytes:
    key = hmac.digest(root_key, b"restante/v1/mailed-address", "sha256")
    return hmac.digest(key, address.encode(), "sha256")[:16]


def spoiled(good: bytes, header: int = 5) -> list[tuple[str, bytes]]:
    """Every stump, a flipped bit in every byte, a byte too many, other formats."""
    cases = [(f"cut to {size} bytes", good[:size]) for size in range(len(good))]
    for at in range(len(good)):
        bit = 1 << (at * 5 % 8)
        cases.append(
            (
                f"bit {bit} of byte {at} flipped",
                good[:at] + bytes([good[at] ^ bit]) + good[at + 1 :],
            )
        )
    cases.append(("a byte too many", good + b"\0"))
    cases += [(f"format {f}", bytes([f]) + good[1:]) for f in (0, 2, 255)]
    cases.append(("without its header", good[header:]))
    return cases


def envelope_vectors() -> Case:
    root_key, other_root = made_up("root key", 32), made_up("older root key", 32)
    control = made_up("control", 24)
    mid, secret, content_key = (
        message_id(control),
        link_secret(control, 0),
        made_up("content key", 32),
    )
    other_mid, other_secret = message_id(made_up("another control", 24)), link_secret(control, 1)
    header = b"\x01" + root_id(root_key)
    foreign = b"\x01" + root_id(other_root)
    lid, other_lid = link_id(secret), link_id(other_secret)

    passphrases = ["correct horse battery staple", " ", "Zoe\u0308 \ufb01", "p" * 256]
    stretches = [
        {"passphrase": p, "message_id": m.hex(), "stretched": stretched(p, m).hex()}
        for p in passphrases
        for m in (mid, other_mid)
    ]
    spellings = {
        "pass": ["pass", " pass", "pass\u00a0", "\uff50\uff41\uff53\uff53", "pa\u200bss\n"],
        "a b": ["a b", "a \u3000 b", "\u2009a\tb "],
        'it\'s "1-2"': ["it\u2019s \u201c1\u20132\u201d", "it's \u00ab\uff11\u22122\u00bb"],
        "a-b": ["a--b", "a\u2014b", "a\u2013-\u200b-b"],
        "Zo\u00eb fi": ["Zoe\u0308 \ufb01"],
        "": [" ", "\u200b\u2800", "\u00ad"],
    }
    spelled = [{"passphrase": g, "form_2": s} for s, several in spellings.items() for g in several]
    keys = []
    for root, one, stretch in (
        (root_key, secret, b""),
        (root_key, other_secret, b""),
        (other_root, secret, b""),
        (root_key, secret, stretched(passphrases[0], mid)),
    ):
        key, verifier = link_keys(root, one, stretch)
        keys.append(
            {
                "root_key": root.hex(),
                "link_secret": one.hex(),
                "stretched": stretch.hex(),
                "root_id": root_id(root).hex(),
                "link_id": link_id(one).hex(),
                "link_key": key.hex(),
                "verifier": verifier.hex(),
            }
        )
    key, _ = link_keys(root_key, secret, b"")

    def wrap(**other: Any) -> bytes:
        parts: Case = {
            "key": key, "nonce": made_up("wrap nonce", 12), "content_key": content_key,
            "header": header, "mid": mid, "lid": lid, "version": 1,
        }  # fmt: skip
        return wrapped_key(**(parts | other))

    def seal(**other: Any) -> bytes:
        parts: Case = {
            "content_key": content_key, "nonce": made_up("content nonce", 12),
            "text": TEXT.encode(), "header": header, "mid": mid, "version": 1,
        }  # fmt: skip
        return content(**(parts | other))

    def close(**other: Any) -> bytes:
        parts: Case = {
            "root_key": root_key, "salt": made_up("box salt", 16),
            "nonce": made_up("box nonce", 12),
            "plain": b'{"label":"Ana"}', "header": header, "purpose": "label", "record": lid,
        }  # fmt: skip
        return box(**(parts | other))

    listed, other_list = made_up("a list", 24), made_up("another list", 24)
    said = ('{"token":"' + token("C", 3, control) + '","links":1}').encode()

    def line(secret: bytes = listed, plain: bytes = said, own: bytes | None = None) -> bytes:
        return sent_line(secret, made_up("line nonce", 12), plain, own)

    bad_lines = [
        (why, bad)
        for why, bad in spoiled(line())
        if not why.startswith("without its header") and (not why.startswith("cut") or len(bad) < 60)
    ]
    bad_lines += [
        ("of another list", line(other_list)),
        ("under our key for another list", line(own=sender_id(other_list))),
        ("a box in its place", close()),
    ]
    foreign_key, _ = link_keys(other_root, secret, b"")
    neighbour_key, _ = link_keys(root_key, other_secret, b"")
    asked_key, _ = link_keys(root_key, secret, stretched(passphrases[0], mid))
    bad_wraps = [
        *spoiled(wrap()),
        ("another root key, and its header", wrap(key=foreign_key, header=foreign)),
        ("another root key under our header", wrap(key=foreign_key)),
        ("our key under another header", wrap(header=foreign)),
        ("another link's key", wrap(key=neighbour_key)),
        ("made with a passphrase", wrap(key=asked_key)),
        ("of another message", wrap(mid=other_mid)),
        ("of another link", wrap(lid=other_lid)),
        ("of another version", wrap(version=2)),
        ("of a version before the first", wrap(version=0)),
        ("a content in its place", sealed(key, made_up("wrap nonce", 12), content_key, header,
            b"restante/v1/content" + header + mid + (1).to_bytes(4, "big"))),
    ]  # fmt: skip
    short = seal(text=b"short")
    bad_contents = [
        *spoiled(short),
        ("of another message", seal(mid=other_mid)),
        ("of another version", seal(version=2)),
        ("another header in front", foreign + short[5:]),
        ("under another content key", seal(content_key=made_up("other content key", 32))),
        ("a wrapped key in its place", wrap(key=content_key)),
    ]
    bad_boxes = [
        case
        for case in spoiled(close())
        if not (case[0].startswith("bit") and 0 < changed(case) < 5)
    ]
    bad_boxes += [
        ("for another purpose", close(purpose="reason")),
        ("of another record", close(record=other_lid)),
        ("under another root key but our header", close(root_key=other_root)),
        ("with nothing but a tag", close(plain=b"")[:-1]),
    ]
    return {
        "spelled": spelled,
        "stretch": stretches,
        "link_keys": keys,
        "lines": [
            {"secret": listed.hex(), "plain": plain.decode(), "line": line(plain=plain).hex()}
            for plain in (
                said,
                said[:-1] + ',"subject":"Keys","labels":["Zoë","Bob"]}'.encode(),
            )
        ],
        "wrapped_keys": [
            {
                "root_key": root_key.hex(), "link_secret": secret.hex(), "message_id": mid.hex(),
                "version": version, "content_key": content_key.hex(),
                "wrapped": wrap(version=version).hex(),
            }
            for version in (1, 2, 2**32 - 1)
        ],
        "contents": [
            {
                "content_key": content_key.hex(), "root_id": header[1:].hex(),
                "message_id": mid.hex(),
                "version": version, "text": text.hex(),
                "content": seal(text=text, version=version).hex(),
            }
            for version, text in ((1, TEXT.encode()), (2, b"a"), (7, b"\0" * 1000))
        ],
        "boxes": [
            {
                "root_key": root_key.hex(), "purpose": purpose, "record_id": record.hex(),
                "plain": plain.hex(),
                "box": close(purpose=purpose, record=record, plain=plain).hex(),
            }
            for purpose, record, plain in (
                ("label", lid, '{"label":"Zoë"}'.encode()),
                ("message", mid, b'{"from":"Ana"}'),
                ("evidence", lid, b""),
                ("message", mid,
                 b'{"from":"Ana","subject":"Keys","second_step":"always","code":"mailed"}'),
                ("reason", mid, b'{"reason":"wrong Bob"}'),
                ("evidence", mid,
                 b'{"network":"192.0.2.0/24","country":"ES","reason":"wrong Bob"}'),
                ("webhook", mid, b'{"url":"https://hooks.example/","secret":"whsec_eHg="}'),
                ("address", lid, b'{"address":"ana@example.com"}'),
                ("code", lid, b'{"code":"012345","language":"es"}'),
                ("sender-token", made_up("token id", 16), b'{"name":"front desk"}'),
            )
        ],
        "mailed_codes": [
            {
                "root_key": root.hex(), "link_id": one.hex(), "code": code,
                "mac": mailed_code(root, one, code).hex(),
            }
            for root in (root_key, other_root) for one in (lid, other_lid)
            for code in ("000000", "012345", "999999")
        ],
        "mailed_addresses": [
            {"root_key": root_key.hex(), "address": written,
             "address_id": mailed_address(root_key, counted).hex()}
            for written, counted in (
                ("ana@example.com", "ana@example.com"),
                ("Ana+bank@Example.com", "ana@example.com"),
                ("An.A+bank@googlemail.com", "ana@gmail.com"),
            )
        ],
        "edge_keys": [
            {"root_key": root_key.hex(), "purpose": purpose,
             "key": hmac.digest(root_key, b"restante/v1/edge/" + purpose.encode(), "sha256").hex()}
            for purpose in (
                "tickets", "shown", "own", "csrf", "carried", "limits", "passphrase", "files"
            )
        ],
        "rejected": {
            "root_key": root_key.hex(),
            "link_secret": secret.hex(),
            "message_id": mid.hex(),
            "version": 1,
            "content_key": content_key.hex(),
            "purpose": "label",
            "wrapped_keys": [{"why": why, "wrapped": bad.hex()} for why, bad in bad_wraps],
            "contents": [{"why": why, "content": bad.hex()} for why, bad in bad_contents],
            "boxes": [{"why": why, "box": bad.hex()} for why, bad in bad_boxes],
            "list": listed.hex(),
            "lines": [{"why": why, "line": bad.hex()} for why, bad in bad_lines],
            "boxes_of_unknown_root_keys": [
                {"why": "another root key's box",
                 "box": close(root_key=other_root, header=foreign).hex()},
                {"why": "our box, the root key's id changed", "box": (foreign + close()[5:]).hex()},
            ],
        },
    }  # fmt: skip


def webhook_vectors() -> Case:
    """docs/specs/webhook.md: a secret, and a body signed with it."""
    cases = []
    for place, body in enumerate(("{}", json.dumps({"recipient": "Zoë"}, ensure_ascii=False))):
        control = made_up(f"webhook {place}", 24)
        key = hkdf_expand(hkdf_extract(b"", control), b"restante/v1/webhook", 24)
        event_id, at = f"{message_id(control).hex()}-{place + 2}", 1_790_000_000 + place
        signed = f"{event_id}.{at}.".encode() + body.encode()
        cases.append(
            {
                "control_token": token("C", place, control),
                "secret": "whsec_" + base64.b64encode(key).decode(),
                "id": event_id,
                "timestamp": at,
                "body": body,
                "signature": "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode(),
            }
        )
    return {"signed": cases}


def push_vectors() -> Case:
    """docs/specs/push.md: the examples of both RFCs as they stand there, and our keys."""
    order = 2**256 - 2**224 + 2**192 - 0x4319055258E8617B0C46353D039CDAAF
    cases = []
    for place in range(2):
        root = made_up(f"push {place}", 32)
        drawn = hkdf_expand(hkdf_extract(b"", root), b"restante/v1/vapid", 48)
        scalar = 1 + int.from_bytes(drawn, "big") % (order - 1)
        public = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
        written = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        its = base64.urlsafe_b64encode(written).decode().rstrip("=")
        cases.append({"root_key": root.hex(), "public": its})
    return {"rfc8291": RFC8291, "rfc8292": RFC8292, "vapid": cases}


def changed(case: tuple[str, bytes]) -> int:
    """Return which byte was flipped."""
    return int(case[0].split()[4])


def files() -> dict[str, str]:
    """Return each file's name and what stands in it."""
    vectors = {
        "link.json": link_vectors(),
        "envelope.json": envelope_vectors(),
        "webhook.json": webhook_vectors(),
        "push.json": push_vectors(),
    }
    return {name: json.dumps(v, indent=1, ensure_ascii=True) + "\n" for name, v in vectors.items()}


def freeze(vectors: dict[str, str], *, write: bool) -> None:
    """Compare with the frozen files, or write them."""
    for name, made in vectors.items():
        if write:
            (FOLDER / name).write_text(made, encoding="utf-8")
        elif (FOLDER / name).read_text(encoding="utf-8") != made:
            sys.exit(f"{name} is not what the specification gives")


if __name__ == "__main__":
    freeze(files(), write=sys.argv[1:] == ["write"])
