"""Links that came through other programs, with any token."""

import html
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.crypto.pasted import PASTED_MOST
from restante.crypto.tokens import TOKEN_LENGTH, ControlToken, LinkToken
from restante.errors import NotFound

kinds = st.sampled_from([LinkToken, ControlToken])
tokens = st.builds(
    lambda kind, shard, secret: kind(shard, secret),
    kinds, st.integers(0, 15), st.binary(min_size=24, max_size=24),
)  # fmt: skip
UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202e\u2066\u2069\u061c"
litter = st.text(" \t\r\n\u00a0\u2003*=:/\\<>()[]{}.,;'\"«»„“”" + UNSEEN, max_size=6)


def found(token, written):
    return type(token).find(written) == token


@given(tokens, litter, litter)
def test_litter_before_and_behind_does_not_matter(token, before, behind):
    assert found(token, before + str(token) + behind)


@given(tokens, st.integers(1, 34), st.text(UNSEEN + " \n\r\\\u00a0", min_size=1, max_size=3))
def test_signs_within_that_are_no_part_of_a_token_do_not_matter(token, at, inside):
    written = str(token)

    assert found(token, written[:at] + inside + written[at:])


@given(tokens, st.integers(1, 34), st.sampled_from(["=\r\n", "=\n", "= \r\n"]))
def test_quoted_printable_breaks_and_escapes_are_undone(token, at, soft_break):
    written = str(token)

    assert found(token, "=3D" + written[:at] + soft_break + written[at:])
    assert found(token, written.replace("_", "=5F"))


@given(tokens)
def test_escapes_of_other_programs_are_undone(token):
    written = str(token)
    address = f"https://a.example/{'m' if token.kind == 'L' else 's'}/{written}"

    assert found(token, "".join(f"%{ord(sign):02X}" for sign in written))
    assert found(token, written.replace("_", "%255F").replace("-", "%252D"))
    assert found(token, html.escape(written).replace("_", "&#95;").replace("-", "&#x2d;"))
    assert found(token, written.replace("_", r"\_"))
    assert found(token, address)
    assert found(token, f"?url={quote(address, safe='')}&data=05%7C02%7Cana&reserved=0")
    assert found(token, f"v3/__{address}__;!!NEt6yMaO-gk!X_y-$")
    assert found(token, proofpoint(address) + "&d=DwMFaQ&c=euG")


def proofpoint(address):
    """Write an address as Proofpoint's second version does: "/" as "_", other signs in hex."""
    return "".join(
        "_" if sign == "/" else f"-{ord(sign):02X}" if sign in "-_:" else sign for sign in address
    )


@given(tokens)
def test_a_token_that_is_whole_is_always_itself(token):
    """Whatever looks like an escape in it."""
    other = type(token)(token.shard, bytes(24))

    assert found(token, str(token))
    assert found(token, f"{token} {other}")


@given(st.text("LCABCD-_=%3D5F&#;/m", max_size=200) | st.text(max_size=80))
def test_what_is_found_is_a_token_in_our_spelling(written):
    for kind in (LinkToken, ControlToken):
        try:
            token = kind.find(written)
        except NotFound:
            continue

        assert len(str(token)) == TOKEN_LENGTH
        assert set(str(token)) <= set(written) | set("-_0123456789ABCDEFabcdef") | set(
            html.unescape(written)
        )


@pytest.mark.parametrize("sign", ["L", "LA", "-5F", "%25", "=3D", "&#76;", "/m/", "\\_"])
def test_a_long_address_without_a_token_is_soon_refused(sign):
    written = (sign * PASTED_MOST)[: 10 * PASTED_MOST]
    began = time.process_time()
    with pytest.raises(NotFound):
        LinkToken.find(written)

    # A hang is the fault, not a slow machine.
    assert time.process_time() - began < 1
