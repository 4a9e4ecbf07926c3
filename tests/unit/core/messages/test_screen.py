"""The quick way gives the very findings of the slow one."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.messages import screen as screening
from console.core.messages.checks import Level, check_rendered
from console.core.messages.classes import CLASSES
from console.core.messages.findings import Finding
from console.core.messages.screen import Screen
from console.core.messages.shipped import shipped_texts
from console.core.messages.template import compose, measure, parse
from console.core.messages.variables import SAMPLES
from console.core.messages.words import shipped_words

WORDS = [word for each in shipped_words().lists for word in (*each.words, *each.allowed)]
DIGITS = ["11010519491231002", "110105", "1949123100", "29999", "X", " ", "-", "6222021234567890", "12"]
CARD = "6222020000000000000"
CLASS = "overdue_8_30"

# whole words, their halves, numbers and their parts, and separators: whatever may run over the edge of a value
crumbs = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).flatmap(lambda word: st.integers(0, len(word)).map(lambda at: word[:at])),
    st.sampled_from(WORDS).flatmap(lambda word: st.integers(0, len(word)).map(lambda at: word[at:])),
    st.sampled_from([*DIGITS, "。", ",", "【", "】", "${", "\ufffc", "您好", "元", "%", "1", "ſ", "é", "将"]),
    st.text(max_size=3),
)
texts = st.lists(crumbs, max_size=3).map("".join)


def slow(text: str, class_key: str) -> tuple[Finding | None, list[str]]:
    """What blocks it, and the words for which two people approve."""
    found = check_rendered(text, CLASSES[class_key])
    return next((f for f in found if f.level is Level.BLOCK), None), _second(found)


def quick(screen: Screen, text: str, values: dict[str, str]) -> tuple[Finding | None, list[str]]:
    seen = screen.look(text, values, measure(text).parts)
    return seen.blocked, _second(seen.second)


def _second(findings: Iterable[Finding]) -> list[str]:
    return [str(finding.why) for finding in findings if finding.level is Level.SECOND]


@given(
    st.tuples(texts, texts, texts, texts), st.tuples(texts, texts, texts), st.sampled_from([CLASS, "market", "remind"])
)
def test_the_quick_way_finds_what_the_slow_way_finds(
    literals: tuple[str, ...], values: tuple[str, ...], class_key: str
) -> None:
    parsed = parse("{}${{name}}{}${{prod}}{}${{tel}}{}".format(*literals))
    given_values = dict(zip(("name", "prod", "tel"), values, strict=True))
    if not all(values) or set(parsed.variables) != given_values.keys():
        return
    text = compose("示例银行", parsed.fill(given_values))
    screen = Screen(parsed, CLASSES[class_key], "示例银行")
    for _ in range(2):
        assert quick(screen, text, given_values) == slow(text, class_key)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("${name},请还款。", "不还就坐牢"),
        ("不还就${name}牢,请还款。", "坐"),
        ("不还就${name},请还款。", "坐牢"),
        ("${name}牢,请还款。", "不还就坐"),
        ("尾号11010519491231${name}。", "002X"),
        ("尾号${name}9491231002X。", "110105 1"),
        ("您好${name}", "【假】"),
        ("不还就${name}-${name}!", "坐牢"),
        ("${name} 0${name}。", "11010519491231002X"),
    ],
)
def test_what_runs_over_the_edge_of_a_value_is_found(body: str, name: str) -> None:
    parsed = parse(body)
    text = compose("示例银行", parsed.fill({"name": name}))
    screen = Screen(parsed, CLASSES[CLASS], "示例银行")
    found = quick(screen, text, {"name": name})
    assert found[0] is not None
    assert found == slow(text, CLASS)


def test_too_long_a_text_is_found() -> None:
    parsed = parse("${name}" + "啊" * 800)
    text = compose("示例银行", parsed.fill({"name": "李女士"}))
    found = Screen(parsed, CLASSES[CLASS], "示例银行").look(text, {"name": "李女士"}, measure(text).parts).blocked
    assert found is not None
    assert found.rule == "text.length"


def test_shipped_texts_take_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = [(Screen(parse(each.body), CLASSES[each.class_key], "示例银行"), each.body) for each in shipped_texts()]
    monkeypatch.setattr(screening, "check_rendered", lambda text, class_, words: pytest.fail(text))
    for screen, body in ready:
        text = compose("示例银行", parse(body).fill(SAMPLES))
        assert screen.look(text, SAMPLES, measure(text).parts) == (None, ())
