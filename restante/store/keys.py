r"""The schema: every key in Redis, what it holds, and when it goes.

    {tag}:message:<mid>            hash    times, version, link ids, policy, boxed facts
    {tag}:content:<mid>:<version>  string  one sealed version, never overwritten; goes when
                                           no link of that version can open it
    {tag}:link:<lid>               hash    message, state, version, views, reveals, tries …
    {tag}:key:<lid>                string  the wrapped key; deleted when the link ends.  No key
                                           means the link has ended
    {tag}:code:<lid>               string  boxed: the six digits mailed last, and the reader's
                                           language; ten minutes, never beyond the link's end
    {tag}:once:<send id>           string  a send with an Idempotency-Key: root key id, salt, check,
                                           times of the first answer; a day, also if forgotten
    {tag}:readers:<lid>            hash    reader id → "<end of lease> <view> <acknowledged>
                                           <confirmed> <claimed_at> <ms on screen>"; the lease's
                                           end is 0 when the reader is done
    {tag}:events:<mid>             list    the timeline, oldest first; never cut
    {tag}:looks:<mid>              list    looks, newest first, at most 100
    {tag}:sent:<sid>               zset    a sender's list: a sealed line for each message, by the
                                           time it was sent; goes when nothing in it can be left
    {tag}:closed:<sid>             string  the list was moved or deleted: it takes no line any more
    {tag}:due                      zset    scheduled tasks, by time: expire:<lid> end:<lid>
                                           rule:<mid> forget:<mid>; emptied by the worker
    {tag}:outbox                   zset    <mid>:<channel> with events to deliver, by due time;
                                           emptied by the worker
    {tag}:outbox-code              zset    the same for mailed codes, so that no webhook delays
                                           them
    {tag}:outbox-email             zset    the same for notifications by mail; also messages whose
                                           next mail has to wait, and
                                           <digest id>:digest
    {tag}:outbox-push              zset    the same for browsers, whichever place they have
    {tag}:dead                     zset    dead letters: deliveries given up, by the time they
                                           were; for the operator
    {tag}:fence                    string  empty; written with each request under `replicas:all`,
                                           without TTL
    {tag}:destroyed                string  changes with each destruction; without TTL
    {tag}:scrub                    string  the node's files were rewritten recently; 5 to 10 minutes
    {tag}:budget:<network>         hash    quota: messages and bytes that a network sent, or
                                           codes mailed to an address; a day from the first
    {tag}:limit:<network>:<name>   string  how many requests a network made; a minute from the
                                           first, `notices` a day
    {tag}:sender-tokens            hash    token id → "<made_at> <boxed name>"; only in shard 0,
                                           without TTL; a field goes when its token is revoked
    {tag}:consent-key              string  the boxed consent key; only in shard 0, without TTL
    {tag}:upload:<blob id>         hash    a file on its way: salt size offset run whole started; a
                                           day from its last progress, or until it is sent
    {tag}:due-blobs                zset    blob ids, by when to look whether they have to go
    {tag}:blobs-place              string  the id of the place where blobs are; only in shard 0,
                                           without TTL
    {tag}:promised                 hash    blob id → bytes that an upload was promised, and "" →
                                           their sum; only in shard 0
    {tag}:promised-until           zset    their blob ids, by when the promise ends
    {tag}:blobs                    hash    blob id → nothing for an upload, or <mid><version, 4
                                           bytes> of the message that has it; until it is deleted
    {tag}:files:<mid>:<version>    string  the sealed manifest of a version; as its content
    {tag}:blobs-of:<mid>:<version> string  blob id and share of each file of a version, 48 bytes;
                                           zeros for one that was taken out; as its content
    {tag}:fetches:<lid>            hash    reader id and number of a file → how many bytes of it,
                                           from its beginning, that reader was sent; and where it
                                           went on beyond them
    {tag}:consents:<address id>    hash    what may be mailed to an address: "stopped", "asks",
                                           counts of its mails, consent id → "<state> <at> …";
                                           8 days, with a consent 400, with a stop without TTL
    {tag}:consent-waiting:<id>     set     <shard, a byte><mid> of messages whose mails wait for
                                           this consent; while the ask lasts
    {tag}:gathered:<address id>    zset    <shard, a byte><mid><after> <until>: events that a digest
                                           has, or had; four days after the last one
    {tag}:consent-index            zset    address ids of the shard, by when they go

Ids are 16 raw bytes, times milliseconds; <sid> is a sender id, a network an HMAC under the root
key.  Every key of a message has a TTL.  None expires before the message's wrapped keys; all
expire when the retention after the last link's end is over.
`due`, the outboxes, `dead` and `destroyed` belong to the shard, hold ids and times only, and
have no TTL.

Fields of a message:
    sent_at opens_at expires_at
    version     of the newest content, from 1
    links       the link ids in the sender's order, 16 bytes each
    open        how many links have not ended
    lease       of a view, in ms
    retention   after the last link ended, in ms
    passphrase  1 if the links have one
    sender      id of the sender's cookie, if there was one
    box         boxed: the sender's name, the subject and the other details
    files       1 if a version has files;  names:<version>  boxed: their names
    taken:<version>        files of it that were taken out: "number=at", with commas between
    on_screen   ms on the screens of all its readers
    extended    how often its expiry was moved;  extend  id of the last request that did
    paused_at   while it is paused;  held_until  what opens_at was before, which then is far ahead
    tell_at     when its rules tell of unread links;  recall_at  when they recall them
    ruled       how often its rules were changed;  rules  id of the last request that did
    pauses      how often it was paused;  pause, resume  ids of the last requests that did
    forget_at   once the last link ended
    code        1 if its readers are mailed a code; code:cursor … as below
    webhook     boxed: the URL that gets its events, and the secret that signs them
    webhook:cursor         how many entries of the timeline are delivered or skipped
    webhook:failures       failed tries in a row; no field means 0
    webhook:failure        why the last try failed, one word
    webhook:failing_since
    webhook:told_at        when the sender was last told something
    webhook:test           the event of the last test, if the channel was on then
    email       boxed: address and choices for notifications by mail; email:cursor … as above
    notifies    how often channels were changed;  notify  id of the last request that did
    email:note             how the consent stood when a mail was last due: given, asked, refused
    email:until            the last event of the mail that is being tried
    digest                 boxed: where a digest is mailed; it is no message and has no other
                           field but digest:cursor … as above
    tested      the event of the last test;  tested_at  when it was;  tests  how many there were
    push, push-2, push-3   a browser: its id for this message (16 bytes), then a box; push:cursor …
                           as above

Fields of a link:
    message     id
    state       sealed, read, spent, recalled, expired, locked (held is derived from opens_at)
    version     of the content that its wrapped key decrypts
    root        id of the root key
    views       allowed;             reveals  views that are spent
    verifier    with a passphrase;   tries    wrong passphrases or codes that are left
    box         boxed: the recipient's label
    address     boxed: the mail address for codes, if any; deleted when the link ends
    code        MAC of the valid mailed code;  code_until  when it expires
    codes       how many were requested;  code_at  when the last;  code_failed  number of the
                last one that no mail server took
    refused     id of the request that used up the last try
    failed      id of the last request whose view did not decrypt;  failures  how many did not
    first_revealed_at last_revealed_at acknowledged_at ended_at
    outcome recalled_at reason (boxed)       of the first recall;  by  rule, if a rule did it
    unread_at   when a rule last told that it was unread
    confirmed_at                             when a reader first confirmed reading it
    on_screen   total ms on its readers' screens
    disputed declined                        ids, 16 bytes each, of readers that did
    disputed_at declined_at                  when the latest of them did

An entry of the timeline is "<at> <type> <name=value,…>\n", then the link's id where the type
begins with `link.`, then the boxed evidence.  A look is "<at> <type> <class>\n", link id, box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.channels import CHANNELS
from restante.crypto.tokens import SHARDS, ControlToken, LinkToken, ListToken

if TYPE_CHECKING:
    from restante.crypto.files import UploadToken

TAGS = (
    *("18", "003", "333", "223", "d2", "0e9", "b56", "acd"),
    *("265", "375", "045", "155", "985", "5f", "ceb", "bdb"),
)
"""Hash tags by shard byte, chosen to spread evenly over 3 to 16 primaries of a cluster."""

assert len(set(TAGS)) == SHARDS


def _key(shard: int, kind: str, record_id: bytes) -> bytes:
    return f"{{{TAGS[shard]}}}:{kind}:".encode() + record_id


def message(control: ControlToken) -> bytes:
    """Return the key of a message's hash, from the sender's token."""
    return _key(control.shard, "message", control.message_id)


def link(token: LinkToken) -> bytes:
    """Return the key of a link's hash, from the recipient's token."""
    return _key(token.shard, "link", token.link_id)


def link_of(shard: int, link_id: bytes) -> bytes:
    """Return the key of a link's hash, from its id (for the worker)."""
    return _key(shard, "link", link_id)


def message_of(shard: int, message_id: bytes) -> bytes:
    """Return the key of a message's hash, from its id (for the worker)."""
    return _key(shard, "message", message_id)


def sent(listed: ListToken) -> bytes:
    """Return the key of a sent list."""
    return _key(listed.shard, "sent", listed.sender_id)


def upload(token: UploadToken) -> bytes:
    """Return the key of an upload."""
    return _key(token.shard, "upload", token.blob_id)


def blobs(shard: int) -> bytes:
    """Return the key of all blobs of a shard."""
    return f"{{{TAGS[shard]}}}:blobs".encode()


def due_blobs(shard: int) -> bytes:
    """Return the key of the blobs of a shard by when they may have to go."""
    return f"{{{TAGS[shard]}}}:due-blobs".encode()


def blobs_place() -> bytes:
    """Return the key of the id of the place where blobs are."""
    return f"{{{TAGS[0]}}}:blobs-place".encode()


def promised() -> bytes:
    """Return the key of the room that uploads were promised, all in one place."""
    return f"{{{TAGS[0]}}}:promised".encode()


def due(shard: int) -> bytes:
    """Return the key of a shard's deadlines."""
    return f"{{{TAGS[shard]}}}:due".encode()


def outbox(shard: int, channel: str = "webhook") -> bytes:
    """Return the key of a shard's outbox: deliveries that wait."""
    return f"{{{TAGS[shard]}}}:{CHANNELS[channel].outbox}".encode()


def dead(shard: int) -> bytes:
    """Return the key of a shard's dead letters: deliveries that were given up."""
    return f"{{{TAGS[shard]}}}:dead".encode()


def scrub(shard: int) -> bytes:
    """Return the key that exists if a node's files were rewritten recently."""
    return f"{{{TAGS[shard]}}}:scrub".encode()


def destroyed(shard: int) -> bytes:
    """Return the key that changes when something of the shard was destroyed."""
    return f"{{{TAGS[shard]}}}:destroyed".encode()


def budget(network: bytes) -> bytes:
    """Return the key of a network's quota; networks spread over the shards."""
    return _key(network[0] % SHARDS, "budget", network)


def limit(network: bytes, name: str) -> bytes:
    """Return the key of a network's counter for one rate limit; networks spread over the shards."""
    return _key(network[0] % SHARDS, "limit", network + b":" + name.encode())


def sender_tokens() -> bytes:
    """Return the key of all sender tokens: one hash, since they are few."""
    return f"{{{TAGS[0]}}}:sender-tokens".encode()


def consent_key() -> bytes:
    """Return the key of the boxed consent key."""
    return f"{{{TAGS[0]}}}:consent-key".encode()


def consents(address_id: bytes) -> bytes:
    """Return the key of an address's consents; addresses spread over the shards."""
    return _key(address_id[0] % SHARDS, "consents", address_id)


def consent_index(shard: int) -> bytes:
    """Return the key of a shard's addresses that have consents."""
    return f"{{{TAGS[shard]}}}:consent-index".encode()


def fence_beside(key: bytes) -> bytes:
    """Return the key of the fence in the same shard as *key*."""
    tag, _, _ = key.partition(b":")
    return tag + b":fence"
