from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.core.messages.difference import Change, difference


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_stays_and_comes_is_the_new_text_and_what_stays_and_goes_the_old(before: str, after: str) -> None:
    parts = difference(before, after)
    assert "".join(part.text for part in parts if part.change is not Change.REMOVED) == after
    kept = sum(len(part.text) for part in parts if part.change is not Change.ADDED)
    assert kept == len(before)


def test_a_variable_and_a_number_change_as_a_whole() -> None:
    parts = difference("应还${amt}元,3.85%", "应还${total}元,3.95%")
    assert [(part.change.value, part.text) for part in parts] == [
        ("same", "应还"),
        ("removed", "${amt}"),
        ("added", "${total}"),
        ("same", "元,"),
        ("removed", "3.85%"),
        ("added", "3.95%"),
    ]
