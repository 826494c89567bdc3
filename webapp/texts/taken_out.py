"""What taking one file out prevents or prevented, for each link: in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.file_reports import Fetch
from webapp.http.i18n import gettext
from webapp.texts.files import size
from webapp.texts.marks import Mark

if TYPE_CHECKING:
    from restante.file_reports import Fetched


class FileVerdict(NamedTuple):
    """What is known of a file at one link: a mark, and a sentence."""

    mark: Mark
    said: str


def of(its: Fetched) -> FileVerdict:
    """Return the verdict on a file at one link: what a take-out achieved, or would achieve."""
    is_out = its.taken_out_at is not None
    match its.fetch:
        case Fetch.FETCHED:
            said = gettext("All of it was sent before. What was fetched cannot be taken back.")
            return FileVerdict(
                Mark("opened", gettext("Too late") if is_out else gettext("Fetched whole")), said
            )
        case Fetch.STARTED:
            said = gettext(
                "At least %(done)s of %(all)s were sent before, perhaps all.",
                done=size(its.sent or 0),
                all=size(its.size),
            )
            words = gettext("Perhaps too late") if is_out else gettext("Fetching began")
            return FileVerdict(Mark("opened", words), said)
    if is_out:
        said = gettext("Nothing of it was sent, and nothing will be.")
        return FileVerdict(Mark("prevented", gettext("Prevented")), said)
    return FileVerdict(Mark("sent", gettext("Not fetched")), gettext("Nothing of it was sent."))
