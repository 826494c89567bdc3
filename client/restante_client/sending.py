"""The options of a send, by the names that Python can use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from restante_client.files import Upload

__all__ = ["Mails", "Options", "Unpack", "fields_of", "files_as_json"]


RULES = ("tell_unread_after", "recall_unread_after")
WEBHOOK = ("webhook", "webhook_format")


class Options(TypedDict, total=False):
    """What a send can say besides its text; docs/api.md explains each field.

    Attributes:
        sender_name: The field `from`, which is a word of Python's own.
        expires_in, hold: Seconds.
        files: What `upload` returned.
        tell_unread_after, recall_unread_after: Rules, in seconds after the message opens.
        webhook: URL of your system that gets the events.
        webhook_format: `standard`, `ntfy` or `slack`.
        more: Fields that this version of the library does not know.
    """

    recipients: Sequence[str] | None
    expires_in: int | None
    views: int | None
    passphrase: str | None
    mailed_code: bool | None
    hold: int | None
    sender_name: str | None
    subject: str | None
    second_step: str | None
    language: str | None
    files: Sequence[Upload] | None
    webhook: str | None
    webhook_format: str | None
    tell_unread_after: int | None
    recall_unread_after: int | None
    more: Mapping[str, Any] | None


class Mails(TypedDict, total=False):
    """What mails about a message say, and when; docs/api.md explains each field."""

    events: Sequence[str] | None
    time_zone: str | None
    control_link: bool | None


def fields_of(options: Options) -> dict[str, Any]:
    """Return the fields of `POST /messages`."""
    fields: dict[str, Any] = dict(options)
    fields["from"] = fields.pop("sender_name", None)
    if (recipients := fields.get("recipients")) is not None:
        fields["recipients"] = list(recipients)
    if (files := fields.get("files")) is not None:
        fields["files"] = files_as_json(files)
    told = {name: fields.pop(name, None) for name in WEBHOOK}
    if any(told.values()):
        fields["notify"] = {name: one for name, one in told.items() if one is not None}
    rules = {name: fields.pop(name, None) for name in RULES}
    if given := {name: after for name, after in rules.items() if after is not None}:
        fields["rules"] = given
    more = fields.pop("more", None) or {}
    return {**fields, **more}


def files_as_json(files: Sequence[Upload]) -> list[dict[str, str]] | None:
    """Return the field `files`; none for no files."""
    return [{"upload": its.token, "name": its.name, "type": its.type} for its in files] or None
