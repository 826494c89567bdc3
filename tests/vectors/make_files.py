"""Makes the vectors of files a second time, from docs/specs/file.md alone; imports no product code.

    python -m tests.vectors.make_files          compares with the frozen file
    python -m tests.vectors.make_files write    freezes it again

Long blobs are frozen as their SHA-256; `File` says what is in them, so that anyone can make them.
"""

from __future__ import annotations

import base64
import hmac
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.vectors.make import (
    Case,
    freeze,
    hkdf_expand,
    hkdf_extract,
    link_id,
    link_keys,
    link_secret,
    made_up,
    message_id,
    root_id,
    sealed,
    sha,
    spoiled,
    token,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 65_536
ON_DISK = 65_564
"""Length of a chunk with a whole piece."""
SIZES = (0, 1, 65_535, 65_536, 65_537, 131_072)

Pieces = list[tuple[int, int, int, bool]]
"""Of each piece: where it begins and ends in the file, its number, and whether it is the last."""
Part = str | tuple[str, int, int]
"""Bytes in hex; or the name of a sealed file, and from where to where."""


class File(NamedTuple):
    """A file that is sealed: by the page, if it has no pieces of its own.

    Its bytes are SHAKE-256("restante test vectors: file " || content); the nonce of its chunk i is
    SHAKE-256("restante test vectors: nonce " || i || " of " || name)[:12].
    """

    name: str
    size: int
    content: str
    secret: bytes
    blob_id: bytes
    pieces: Pieces | None = None


def file_of(name: str, size: int, content: str = "", pieces: Pieces | None = None) -> File:
    """Return the file that was uploaded under this name."""
    uploaded, salt = made_up(f"upload {name}", 24), made_up(f"salt {name}", 32)
    secret = file_secret(uploaded, salt)
    return File(name, size, content or name, secret, blob_id(uploaded), pieces)


def blob_id(upload_secret: bytes) -> bytes:
    return sha(b"restante/v1/blob-id", upload_secret)[:16]


def file_secret(upload_secret: bytes, salt: bytes) -> bytes:
    return hkdf_expand(hkdf_extract(salt, upload_secret), b"restante/v1/file-secret", 32)


def file_key(secret: bytes, its_blob: bytes) -> bytes:
    return hkdf_expand(hkdf_extract(b"", secret), b"restante/v1/file-key" + its_blob, 32)


def files_key(content_key: bytes) -> bytes:
    return hkdf_expand(hkdf_extract(b"", content_key), b"restante/v1/files-key", 32)


def pieces_of(size: int) -> Pieces:
    ends = size // PIECE
    whole: Pieces = [(i * PIECE, (i + 1) * PIECE, i, False) for i in range(ends)]
    return [*whole, (ends * PIECE, size, ends, True)]


def blob_of(its: File) -> bytes:
    plain = made_up(f"file {its.content}", its.size)
    cipher = AESGCM(file_key(its.secret, its.blob_id))
    made = b"\x01"
    for place, (start, end, number, last) in enumerate(its.pieces or pieces_of(its.size)):
        nonce = made_up(f"nonce {place} of {its.name}", 12)
        aad = b"restante/v1/chunk\x01" + its.blob_id + number.to_bytes(8, "big") + bytes([last])
        made += nonce + cipher.encrypt(nonce, plain[start:end], aad)
    return made


def blob_length(size: int) -> int:
    return 1 + size + 28 * (size // PIECE + 1)


def good_files() -> list[File]:
    return [file_of(f"of {size} bytes", size) for size in SIZES]


def odd_files() -> list[File]:
    """Blobs that their uploader could have sealed; none is what the page says."""
    two, one = 131_072, 65_537
    like, good = file_of(f"of {two} bytes", two), pieces_of(two)
    return [
        file_of("of another upload", two, like.content),
        like._replace(name="the same key, another blob id", blob_id=blob_id(b"another upload")),
        like._replace(name="numbered from 1", pieces=[(a, b, n + 1, z) for a, b, n, z in good]),
        like._replace(name="no last", pieces=[(a, b, n, False) for a, b, n, _ in good]),
        like._replace(name="all last", pieces=[(a, b, n, True) for a, b, n, _ in good]),
        like._replace(name="another cut", pieces=[
            (0, PIECE - 1, 0, False), (PIECE - 1, two - 1, 1, False), (two - 1, two, 2, True)
        ]),
        file_of("a whole piece as the last", PIECE, f"of {PIECE} bytes", [(0, PIECE, 0, True)]),
        file_of("a longer piece", one, f"of {one} bytes", [(0, one, 0, True)]),
        file_of("a short piece that is not the last", 1, "of 1 bytes", [(0, 1, 0, False)]),
    ]  # fmt: skip


def assembled(parts: list[Part], blobs: dict[str, bytes]) -> bytes:
    return b"".join(
        bytes.fromhex(part) if isinstance(part, str) else blobs[part[0]][part[1] : part[2]]
        for part in parts
    )


def bad_blobs(blobs: dict[str, bytes]) -> Iterator[tuple[str, File, list[Part], int]]:
    """Why, the file it claims to be, what it is made of, how many bytes may still be given out."""
    odd = {its.name: its for its in odd_files()}
    two, one, whole, empty = (file_of(f"of {size} bytes", size) for size in (131_072, 1, PIECE, 0))

    def every(name: str) -> tuple[str, int, int]:
        return (name, 0, len(blobs[name]))

    def cut(name: str, *numbers: int, start: str = "01") -> list[Part]:
        """The chunks of a blob, in this order."""
        most = len(blobs[name])
        return [
            start,
            *((name, 1 + n * ON_DISK, min(1 + (n + 1) * ON_DISK, most)) for n in numbers),
        ]

    for start in ("00", "02", "ff"):
        yield f"format {int(start, 16)}", two, cut(two.name, 0, 1, 2, start=start), 0
    yield "chunks exchanged", two, cut(two.name, 1, 0, 2), 0
    yield "a chunk twice, another left out", two, cut(two.name, 0, 0, 2), PIECE
    yield "the last chunk first", two, cut(two.name, 2, 0, 1), 0
    yield "the first chunk left out", two, cut(two.name, 1, 2), 0
    yield "a chunk in the middle left out", two, cut(two.name, 0, 2), 0
    yield "the last chunk left out", two, cut(two.name, 0, 1), 0
    yield "a chunk too many", two, cut(two.name, 0, 1, 1, 2), 0
    yield "the last chunk twice", two, cut(two.name, 0, 1, 2, 2), 0
    yield "nothing", empty, [], 0
    yield "a format alone", empty, ["01"], 0
    yield "the last chunk of a whole piece left out", whole, cut(whole.name, 0), 0
    yield "a byte too many", two, [every(two.name), "00"], 0
    yield "a byte too few", two, [(two.name, 0, len(blobs[two.name]) - 1)], 0
    yield "zeros for a chunk", two, [*cut(two.name, 0), ("zeros", 0, ON_DISK),
                                     *cut(two.name, 2)[1:]], PIECE  # fmt: skip
    for what, at in (("nonce", 3), ("piece", 12), ("piece", ON_DISK - 17), ("tag", ON_DISK - 1)):
        for number in (0, 1):
            place = 1 + number * ON_DISK + at
            flipped = f"{blobs[two.name][place] ^ 4:02x}"
            behind = (two.name, place + 1, len(blobs[two.name]))
            parts: list[Part] = [(two.name, 0, place), flipped, behind]
            yield f"byte {at} of chunk {number} changed: {what}", two, parts, number * PIECE
    yield "a chunk of another upload", two, cut("of another upload", 0, 1, 2), 0
    exchanged = [*cut(two.name, 0), *cut("of another upload", 1)[1:], *cut(two.name, 2)[1:]]
    yield "one chunk of another upload", two, exchanged, PIECE
    for name, given in (("the same key, another blob id", 0), ("numbered from 1", 0),
                        ("no last", 2 * PIECE), ("all last", 0), ("another cut", 0)):  # fmt: skip
        yield name, two, [every(name)], given
    for name in ("a whole piece as the last", "a longer piece"):
        yield name, odd[name], [every(name)], 0
    name = "a short piece that is not the last"
    yield name, odd[name], [every(name)], 0
    for why, bad in spoiled(blobs[one.name], header=1):
        yield why, one, [bad.hex()], 0


def manifest(key: bytes, mid: bytes, version: int, plain: str, header: bytes) -> bytes:
    nonce = made_up(f"nonce of {plain} {version}", 12)
    aad = b"restante/v1/manifest" + header + mid + version.to_bytes(4, "big")
    return sealed(files_key(key), nonce, plain.encode(), header, aad)


def store_share(its: File) -> bytes:
    return made_up(f"share {its.name}", 32)


def entry(name: str, kind: str, its: File) -> Case:
    """What a manifest says of one file."""
    share = bytes(a ^ b for a, b in zip(its.secret, store_share(its), strict=True))
    return {
        "name": name, "size": its.size, "type": kind, "blob": its.blob_id.hex(),
        "share": base64.urlsafe_b64encode(share).decode().rstrip("="),
    }  # fmt: skip


def padded(facts: Any) -> str:
    """JSON, and spaces to the next multiple of 1,024 bytes."""
    written = json.dumps(facts, ensure_ascii=False)
    return written + " " * (-len(written.encode()) % 1024)


def upload_vectors() -> Case:
    uploads = []
    for shard, name in ((0, "a"), (15, "another")):
        uploaded, salt = made_up(f"upload {name}", 24), made_up(f"salt {name}", 32)
        secret, its_blob = file_secret(uploaded, salt), blob_id(uploaded)
        uploads.append(
            {
                "shard": shard, "secret": uploaded.hex(), "token": token("U", shard, uploaded),
                "salt": salt.hex(), "blob_id": its_blob.hex(), "file_secret": secret.hex(),
                "file_key": file_key(secret, its_blob).hex(),
            }
        )  # fmt: skip
    good = token("U", 3, made_up("upload rejected", 24))
    rejected = [{"why": f"kind {k!r}", "token": k + good[1:]} for k in ("C", "L", "R", "S", "u")]
    rejected += [
        {"why": "shard 16", "token": token("U", 16, made_up("upload rejected", 24))},
        {"why": "34 characters", "token": good[:-1]},
        {"why": "36 characters", "token": good + "A"},
        {"why": "a spelling that decodes alike", "token": good[:-1] + chr(ord(good[-1]) + 1)},
    ]
    return {"uploads": uploads, "rejected_uploads": rejected}


def length_vectors() -> Case:
    sizes = (*SIZES, 65_534, 131_071, 131_073, 5 * 10**9, 2**40 - 1, 2**40)
    lengths = [{"size": size, "length": blob_length(size)} for size in sizes]
    shortest = [blob_length(n * PIECE) for n in (0, 1, 2, 2**24)]
    rejected = [0, 1, 27, *(length - less for length in shortest for less in (1, 2, 27))]
    return {"lengths": lengths, "rejected_lengths": sorted(set(rejected))}


def described(its: File, blob: bytes) -> Case:
    case: Case = {
        "name": its.name, "size": its.size, "content": its.content, "secret": its.secret.hex(),
        "blob_id": its.blob_id.hex(), "key": file_key(its.secret, its.blob_id).hex(),
        "length": len(blob), "sha256": sha(blob).hex(),
    }  # fmt: skip
    if its.pieces:
        case["pieces"] = its.pieces
    elif len(blob) < 100:
        case["blob"] = blob.hex()
    return case


def file_blobs() -> dict[str, bytes]:
    """Return every blob by its name; the tests need them, the file has only their hashes."""
    blobs = {its.name: blob_of(its) for its in [*good_files(), *odd_files()]}
    return blobs | {"zeros": bytes(ON_DISK)}


def blob_vectors() -> Case:
    blobs = file_blobs()
    return {
        "blobs": [described(its, blobs[its.name]) for its in good_files()],
        "odd_blobs": [described(its, blobs[its.name]) for its in odd_files()],
        "rejected_blobs": [
            {
                "why": why, "size": its.size, "secret": its.secret.hex(),
                "blob_id": its.blob_id.hex(), "parts": parts, "given_at_most": given,
                "sha256": sha(assembled(parts, blobs)).hex(),
            }
            for why, its, parts, given in bad_blobs(blobs)
        ],
    }  # fmt: skip


def manifest_vectors() -> Case:
    content_key, other_key = made_up("content key", 32), made_up("other content key", 32)
    mid, other_mid = (message_id(made_up(name, 24)) for name in ("control", "another control"))
    header = b"\x01" + root_id(made_up("root key", 32))
    foreign = b"\x01" + root_id(made_up("older root key", 32))
    empty, one, whole = (file_of(f"of {size} bytes", size) for size in (0, 1, PIECE))
    text = entry("a.txt", "text/plain", one)
    four = [whole, empty, one, whole._replace(size=2**40)]
    said = (
        ("\u0627\u0644\u0639\u0642\u062f.pdf", "application/pdf"),
        ("Zo\u00eb & 'sons'.png", "image/png"),
        ("a" * 255, "application/octet-stream"), ("one more", "x/y"),
    )  # fmt: skip
    many = [entry(*of, its) for of, its in zip(said, four, strict=True)]
    longer = padded({"files": [text], "more": " " * 995})
    plains = (
        padded({"files": [text]}),
        padded({"files": many}),
        padded({"later": [1], "files": [text | {"later": {"size": 2}}]}),
        longer,
        json.dumps({"files": [text]}),
    )
    odd = (
        "", "[]", "{}", '{"files":{"a":1}}', '{"files":[1]}', '{"files":null}', "{",
        *(json.dumps({"files": [{k: v for k, v in text.items() if k != name}]}) for name in text),
        json.dumps({"files": [text | {"blob": "zz"}]}), json.dumps({"files": [text | {"blob": 1}]}),
        json.dumps({"files": [text | {"share": None}]}),
    )  # fmt: skip

    def close(plain: str, *, key: bytes = content_key, mid: bytes = mid, version: int = 1) -> bytes:
        return manifest(key, mid, version, plain, header)

    short = '{"files":[]}'
    content = sealed(content_key, made_up("nonce", 12), short.encode(), header,
                     b"restante/v1/content" + header + mid + bytes((0, 0, 0, 1)))  # fmt: skip
    bad = [
        *spoiled(close(short)),
        ("of another message", close(short, mid=other_mid)),
        ("of another version", close(short, version=2)),
        ("under another content key", close(short, key=other_key)),
        ("another header in front", foreign + close(short)[5:]),
        ("a content in its place", content),
        ("sealed as another format", manifest(content_key, mid, 1, short, b"\x02" + header[1:])),
        *((f"its facts are {plain}", close(plain)) for plain in odd),
    ]
    return {
        "manifests": [
            {
                "content_key": content_key.hex(), "files_key": files_key(content_key).hex(),
                "message_id": mid.hex(), "version": version, "plain": plain,
                "shares": [store_share(its).hex() for its in sealed_in],
                "secrets": [its.secret.hex() for its in sealed_in],
                "manifest": close(plain, version=version).hex(),
            }
            for version, plain, sealed_in in zip(
                (1, 2, 7, 1000, 2**32 - 1), plains, ([one], four, [one], [one], [one]), strict=True
            )
        ],
        "rejected_manifests": {
            "content_key": content_key.hex(), "message_id": mid.hex(), "version": 1,
            "manifests": [{"why": why, "manifest": its.hex()} for why, its in bad],
        },
    }  # fmt: skip


def files_token_vectors() -> Case:
    root, other_root = made_up("root key", 32), made_up("older root key", 32)
    link, other = (link_secret(made_up("control", 24), index) for index in (0, 1))
    reader, key = "8b4f2f2e-4f0b-4f0e-9d0a-1c9a52a6f3b7", files_key(made_up("content key", 32))

    def wrapped_key(root: bytes, version: int = 1, salt: str = "wrapping nonce") -> bytes:
        header, mid, lid = (
            b"\x01" + root_id(root),
            message_id(made_up("control", 24)),
            link_id(link),
        )
        aad = b"restante/v1/wrapped-key" + header + mid + lid + version.to_bytes(4, "big")
        its, _ = link_keys(root, link, b"")
        return sealed(its, made_up(salt, 12), made_up("content key", 32), header, aad)

    wrapped = wrapped_key(root)

    def close(
        *, root: bytes = root, wrapped: bytes = wrapped, link: bytes = link, reader: str = reader,
        lid: bytes = link_id(link), plain: bytes = key, purpose: bytes = b"files",
    ) -> bytes:  # fmt: skip
        edge = hmac.digest(root, b"restante/v1/edge/" + purpose, "sha256")
        its_reader = sha(b"restante/v1/reader", link, reader.encode())[:16]
        aad = b"restante/v1/files-token" + lid + its_reader
        token_key = hmac.digest(edge, wrapped, "sha256")
        return sealed(token_key, made_up("files token", 12), plain, b"", aad)

    def spelled(its: bytes) -> str:
        return base64.urlsafe_b64encode(its).decode()

    good = close()
    bad = [
        *(case for case in spoiled(good) if not case[0].startswith("format")),
        ("of another link", close(link=other, lid=link_id(other))),
        ("of another link, for this reader", close(lid=link_id(other))),
        ("of another reader", close(reader="!" * 16)),
        ("of another root key", close(root=other_root)),
        ("of another version", close(wrapped=wrapped_key(root, 2))),
        ("of another wrapped key of that version", close(wrapped=wrapped_key(root, 1, "again"))),
        ("under another edge key", close(purpose=b"tickets")),
        ("without a key", close(plain=b"")),
        ("with a shorter key", close(plain=key[:31])),
        ("with a longer key", close(plain=key + b"\0")),
    ]
    written = spelled(good)
    misspelled = [
        ("with padding", written + "===="), ("with one sign of padding", written + "="),
        ("a line break behind it", written + "\n"), ("a blank before it", " " + written),
        ("the other alphabet", written.replace("-", "+").replace("_", "/")),
        ("no base64url", "*" * 80), ("not ASCII", "\u00e9" + written[1:]),
        ("a sign too many within", written[:40] + "." + written[40:]),
    ]  # fmt: skip
    assert written != misspelled[4][1], (
        "it has a sign that the other alphabet writes in another way"
    )
    return {
        "files_tokens": [
            {
                "root_key": its.hex(), "link_secret": link.hex(), "reader": reader,
                "wrapped": wrapped_key(its, version).hex(), "files_key": key.hex(),
                "token": spelled(close(root=its, wrapped=wrapped_key(its, version))),
            }
            for its, version in ((root, 1), (other_root, 1), (root, 2**32 - 1))
        ],
        "rejected_files_tokens": {
            "root_key": root.hex(), "link_secret": link.hex(), "reader": reader,
            "wrapped": wrapped.hex(),
            "tokens": [
                {"why": why, "token": its}
                for why, its in [*((why, spelled(its)) for why, its in bad), *misspelled]
            ],
        },
    }  # fmt: skip


NAMES = [
    (["a.txt"], ["a.txt"]),
    (["/etc/passwd", "C:\\Users\\me\\cv.doc", "../../x", "a/"], ["passwd", "cv.doc", "x", "file"]),
    (["", ".", "..", " . ", "a. ."], ["file", "file (2)", "file (3)", "file (4)", "a"]),
    ([".profile", "-rf", "~"], ["profile", "-rf", "~"]),
    (['a"b*c?.txt', "con:x|y<z>", "a\r\nb\0c\x7f"], ["a_b_c_.txt", "con_x_y_z_", "a__b_c_"]),
    (["cod\u202egpj.exe", "\u2066a\u2069", "a\u2028b"], ["cod_gpj.exe", "_a_", "a_b"]),
    (["\ud800.txt"], ["_.txt"]),
    (["Zoe\u0308.txt"], ["Zo\u00eb.txt"]),
    (["\u0627\u0644\u0639\u0642\u062f.pdf"], ["\u0627\u0644\u0639\u0642\u062f.pdf"]),
    (["a" * 255], ["a" * 255]),
    (["a" * 256], ["a" * 255]),
    (["a" * 300 + ".tar.gz"], ["a" * 252 + ".gz"]),
    (["a" * 300 + "." + "b" * 41], ["a" * 255]),
    (["\u20ac" * 100 + ".txt"], ["\u20ac" * 83 + ".txt"]),
    (["a.txt", "a.txt", "A.TXT", "a (2).txt"],
     ["a.txt", "a (2).txt", "A (3).TXT", "a (2) (2).txt"]),
    (["a", "a"], ["a", "a (2)"]),
    (["a" * 255, "a" * 255], ["a" * 255, "a" * 251 + " (2)"]),
    (["a" * 300 + ".txt", "a" * 300 + ".txt"], ["a" * 251 + ".txt", "a" * 247 + " (2).txt"]),
]  # fmt: skip
"""What the sender's program says, and the names in the manifest."""


def file_vectors() -> Case:
    return (
        upload_vectors()
        | length_vectors()
        | blob_vectors()
        | manifest_vectors()
        | files_token_vectors()
        | {"names": [{"said": said, "names": names} for said, names in NAMES]}
    )


def files() -> dict[str, str]:
    """Return the file's name and what stands in it."""
    return {"file.json": json.dumps(file_vectors(), indent=1, ensure_ascii=True) + "\n"}


if __name__ == "__main__":
    freeze(files(), write=sys.argv[1:] == ["write"])
