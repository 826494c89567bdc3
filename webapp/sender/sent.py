"""The sent list: its pages, search in it, and recall of many messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, request

from restante.errors import Fault, Invalid, NotFound, RestanteError, Unavailable
from restante.messages import SECOND
from restante.sent_reports import CHOSEN_MOST, Rest
from restante.typed_digits import whole_number
from webapp.http import csrf, pages, rate_limits
from webapp.http.errors import told
from webapp.http.request import evidence, sent_list, settings
from webapp.sender import sender_secret, sent_view

if TYPE_CHECKING:
    from restante.crypto.tokens import ListToken
    from restante.sent_reports import ListPage, Verdicts

bp = Blueprint("sent", __name__)

WINDOWS_MS = {"hour": 3_600 * SECOND, "day": 86_400 * SECOND, "ever": None}
SCORE_DIGITS = 15
WORDS_MOST = 200


@bp.before_request
def only_if_on() -> None:
    """Let no address of these be there if the operator wants no lists."""
    if not settings().sent_list:
        raise NotFound


@bp.get("/sent")
@rate_limits.status
def show() -> Response:
    """Show a page of the list of this browser."""
    return _show(whole_number(request.args.get("before", ""), SCORE_DIGITS))


def _show(before: int | None = None) -> Response:
    listed = sender_secret.listed()
    page = sent_list().page(listed, before) if listed else None
    response = make_response(_list(page, before=before))
    if listed and page and page.total and not page.is_closed:
        sender_secret.keep(response, listed.cookie)
    return response


@bp.post("/sent")
@rate_limits.status
def search() -> Response:
    """Show the messages that have these words: by POST, since an address is kept in many places."""
    words = " ".join(request.form.get("words", "").split())[:WORDS_MOST]
    before = _number("before")
    listed = sender_secret.listed()
    if listed is None or not words:
        return _show()
    return make_response(_list(sent_list().search(listed, words, before), words=words))


@bp.post("/sent/recall")
def recall() -> Response:
    """Recall the messages that were chosen in the list."""
    chosen = [whole_number(one, SCORE_DIGITS) for one in request.form.getlist("message")]
    scores = [one for one in chosen if one is not None][:CHOSEN_MOST]
    listed = sender_secret.listed()
    if listed is None or not scores:
        return _refused(Invalid([Fault("message", "choose one")]))
    return _recalled(listed, scores=scores)


@bp.post("/sent/recall-unread")
def recall_unread() -> Response:
    """Recall everything unread of the last hour or day, or of all time."""
    listed = sender_secret.listed()
    window = request.form.get("window", "")
    if listed is None or window not in WINDOWS_MS:
        return _refused(Invalid([Fault("window", "choose one")]))
    return _recalled(listed, window=window)


def _recalled(
    listed: ListToken, *, scores: list[int] | None = None, window: str = "ever"
) -> Response:
    try:
        csrf.verify()
    except Invalid as error:
        return _refused(error)
    since, before = _number("since"), _number("before")
    rest = None if since is None or before is None else Rest(since, before)
    verdicts: Verdicts | None = None
    try:
        if scores is not None:
            verdicts = sent_list().recall(listed, scores, evidence=evidence())
        else:
            verdicts = sent_list().recall_unread(
                listed,
                WINDOWS_MS[window],
                rest=rest,
                moved_to=sender_secret.next_list(),
                evidence=evidence(),
            )
        _count(verdicts)
    except Unavailable as error:
        return told(_verdict(verdicts, scores, window, rest), error)
    return make_response(_verdict(verdicts, scores, window, rest))


def _count(verdicts: Verdicts) -> None:
    """Count what recalled nothing as a look at the list: a recall has no limit, a look has."""
    if not verdicts.recalled:
        with rate_limits.status:
            pass


@rate_limits.status
def _refused(error: RestanteError) -> Response:
    listed = sender_secret.listed()
    page = sent_list().page(listed) if listed else None
    return told(_list(page, error=error), error)


def _list(
    page: ListPage | None,
    *,
    before: int | None = None,
    words: str = "",
    error: RestanteError | None = None,
) -> str:
    return pages.render(
        "sender/sent.html",
        view=sent_view.build(page, error),
        page=page,
        before=before,
        sought=words,
        windows=tuple(WINDOWS_MS),
        is_moving=bool(page and page.is_closed and sender_secret.next_list()),
    )


def _verdict(
    verdicts: Verdicts | None, scores: list[int] | None, window: str, rest: Rest | None
) -> str:
    return pages.render(
        "sender/sent_verdict.html",
        view=sent_view.judge(verdicts),
        verdicts=verdicts,
        scores=scores,
        window=window,
        rest=rest,
    )


def _number(name: str) -> int | None:
    return whole_number(request.form.get(name, ""), SCORE_DIGITS)
