"""Lines of sent lists: docs/specs/envelope.md, by its frozen vectors and by chance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.crypto import sent_lines
from restante.crypto.sent_lines import LABELS_BYTES_MOST, LABELS_MOST, Line
from restante.crypto.tokens import ControlToken, ListToken
from restante.errors import Damaged

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/envelope.json").read_text("utf-8"))
REJECTED = VECTORS["rejected"]


@pytest.mark.parametrize("vector", VECTORS["lines"])
def test_a_line_opens_as_the_vectors_say(vector):
    said = json.loads(vector["plain"])
    line = sent_lines.unseal(
        ListToken.of(bytes.fromhex(vector["secret"])), bytes.fromhex(vector["line"])
    )

    assert str(line.control) == said["token"]
    assert line.links == said["links"]
    assert line.subject == said.get("subject")
    assert list(line.labels) == said.get("labels", [])


@pytest.mark.parametrize("case", REJECTED["lines"], ids=lambda case: case["why"])
def test_what_the_vectors_reject_is_no_line(case):
    listed = ListToken.of(bytes.fromhex(REJECTED["list"]))

    with pytest.raises(Damaged):
        sent_lines.unseal(listed, bytes.fromhex(case["line"]))


@given(st.none() | st.text(max_size=200), st.lists(st.none() | st.text(max_size=200), max_size=30))
def test_a_line_keeps_the_subject_and_the_first_recipients(subject, labels):
    listed = ListToken.new()
    made = Line.of(ControlToken.new(listed.shard), subject or None, labels)
    sealed = sent_lines.seal(listed, made)
    kept = sent_lines.unseal(listed, sealed)
    named = [label for label in labels if label]

    assert kept == made
    assert list(kept.labels) == named[: len(kept.labels)]
    assert len(kept.labels) <= LABELS_MOST
    assert len(kept.labels) >= min(1, len(named))
    assert sum(len(label.encode()) for label in kept.labels[1:]) <= LABELS_BYTES_MOST
    assert sent_lines.seal(listed, made) != sealed
    with pytest.raises(Damaged):
        sent_lines.unseal(ListToken.new(), sealed)
