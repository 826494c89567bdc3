r"""The schema: every key in Redis, what it holds, and when it goes.

    {tag}:message:<mid>            hash    times, version, link ids, policy, boxed facts
    {tag}:content:<mid>:<version>  string  one sealed version, never overwritten; goes when
                                           no link of that version can open it
    {tag}:link:<lid>               hash    message, state, version, views, reveals, tries …
    {tag}:key:<lid>                string  the wrapped key; goes when the link ends: its absence
                                           is the end
    {tag}:code:<lid>               string  boxed: the six digits mailed last, and the reader's
                                           language; ten minutes, never beyond the link's end
    {tag}:readers:<lid>            hash    reader id → "<end of lease> <view> <acknowledged>
                                           <confirmed> <claimed_at> <ms on screen>"; the lease's
                                           end is 0 when the reader is done
    {tag}:events:<mid>             list    the timeline, oldest first; never cut
    {tag}:looks:<mid>              list    looks, newest first, at most 100
    {tag}:due                      zset    what must happen, by time: expire:<lid> end:<lid>
                                           forget:<mid>; emptied by the worker
    {tag}:outbox-code              zset    the same for mailed codes, so that they wait for nobody
    {tag}:outbox                   zset    <mid>:<channel> with events to deliver, by when it is
                                           due; emptied by the worker
    {tag}:dead                     zset    deliveries given up, by when; for the operator
    {tag}:fence                    string  empty; written with each request under `replicas:all`,
                                           without TTL
    {tag}:scrub                    string  the node's files were rewritten lately; minutes
    {tag}:budget:<network>         hash    messages, bytes: what a network sent today, or an
                                           address was mailed; a day from the first
    {tag}:sender-tokens            hash    token id → "<made_at> <boxed name>"; in shard 0 alone,
                                           without TTL; a field goes when its token is withdrawn

Ids are 16 raw bytes, times milliseconds; a network is an HMAC under the root key.  Every key of
a message has a TTL, none goes before the message's wrapped keys, and all go with the message's
retention after its last link ended.
`due`, the outboxes and `dead` belong to the shard, hold ids and times only, and have no TTL.

Fields of a message:
    sent_at opens_at expires_at
    version     of the newest content, from 1
    links       the link ids in the sender's order, 16 bytes each
    open        how many links have not ended
    lease       of a view, in ms
    retention   after the last link ended, in ms
    passphrase  1 if the links have one
    sender      id of the sender's cookie, if there was one
    box         boxed: the sender's name, the subject
    extended    how often its expiry was moved;  extend  id of the request that did it last
    forget_at   once the last link ended
    code        1 if its readers are mailed a code; code:cursor … as below
    webhook     boxed: where its events are sent, and the secret that signs them
    webhook:cursor         how many entries of the timeline were delivered or need not be
    webhook:failures       tries in a row that failed, none without the field
    webhook:failure        what the last of them failed with, a word
    webhook:failing_since

Fields of a link:
    message     id
    state       sealed, read, spent, recalled, expired, locked (held is derived from opens_at)
    version     of the content that its wrapped key opens
    root        id of the root key
    views       how many there are;  reveals  how many are spent
    verifier    with a passphrase;   tries    how many wrong ones are left
    box         boxed: the recipient's label
    address     boxed: where codes are mailed to, if they are; goes when the link ends
    code        MAC of the code that counts;  code_until  how long it does
    codes       how many were asked for;  code_at  when the last;  code_failed  a refused one
    refused     id of the request that used up the last try;  failed  … that could not be opened
    failures    how often it could not
    first_revealed_at last_revealed_at acknowledged_at ended_at
    outcome recalled_at reason (boxed)       of the first recall
    confirmed_at                             a reader first said that it was read
    on_screen   ms that it was on its readers' screens, all together
    disputed declined                        reader ids, 16 bytes each, of those who said so
    disputed_at declined_at                  when the latest of them did

An entry of the timeline is "<at> <type> <name=value,…>\n", then the link's id where the type
begins with `link.`, then the boxed evidence.  A look is "<at> <type> <class>\n", link id, box.
"""

from __future__ import annotations

from restante.crypto.tokens import SHARDS, ControlToken, LinkToken

TAGS = (
    *("18", "003", "333", "223", "d2", "0e9", "b56", "acd"),
    *("265", "375", "045", "155", "985", "5f", "ceb", "bdb"),
)
"""By shard byte; chosen so that they spread evenly over 3 to 16 primaries of a cluster."""

assert len(set(TAGS)) == SHARDS


def _key(shard: int, kind: str, record_id: bytes) -> bytes:
    return f"{{{TAGS[shard]}}}:{kind}:".encode() + record_id


def message(control: ControlToken) -> bytes:
    """Return the key of a message's hash: the way in for its sender."""
    return _key(control.shard, "message", control.message_id)


def link(token: LinkToken) -> bytes:
    """Return the key of a link's hash: the way in for its recipient."""
    return _key(token.shard, "link", token.link_id)


def link_of(shard: int, link_id: bytes) -> bytes:
    """Return the key of a link's hash: the way in for the worker."""
    return _key(shard, "link", link_id)


def message_of(shard: int, message_id: bytes) -> bytes:
    """Return the key of a message's hash: the way in for the worker."""
    return _key(shard, "message", message_id)


def due(shard: int) -> bytes:
    """Return the key of a shard's deadlines."""
    return f"{{{TAGS[shard]}}}:due".encode()


def outbox(shard: int, channel: str = "webhook") -> bytes:
    """Return the key of a shard's deliveries that wait."""
    name = "outbox" if channel == "webhook" else f"outbox-{channel}"
    return f"{{{TAGS[shard]}}}:{name}".encode()


def dead(shard: int) -> bytes:
    """Return the key of a shard's deliveries that were given up."""
    return f"{{{TAGS[shard]}}}:dead".encode()


def scrub(shard: int) -> bytes:
    """Return the key of the note that a node's files were rewritten lately."""
    return f"{{{TAGS[shard]}}}:scrub".encode()


def budget(network: bytes) -> bytes:
    """Return the key of what one network sent; networks spread over the shards."""
    return _key(network[0] % SHARDS, "budget", network)


def sender_tokens() -> bytes:
    """Return the key of the operator's tokens: all in one hash, they are few."""
    return f"{{{TAGS[0]}}}:sender-tokens".encode()


def fence_beside(key: bytes) -> bytes:
    """Return the shard's fence for the shard that *key* lies in."""
    tag, _, _ = key.partition(b":")
    return tag + b":fence"
