"""The automaton finds what a reader with a ruler finds: each word at each place, and where it stands in the text."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import resources
from console.core.messages.findings import LEVELS, Level
from console.core.messages.words import VARIABLE, Hit, WordList, Words, plain, shipped_words

CLASS = "overdue_8_30"
SIMPLIFIED = json.loads(resources.path("policy", "simplified.json").read_text("utf-8"))
PAIRS = dict(zip("".join(SIMPLIFIED["traditional"]), "".join(SIMPLIFIED["simplified"]), strict=True))
LETTERS = "坐牢律师函第一期還还无無aA1１ａß馬"
GAPS = [" ", "\u200b", "。", "*", "\u3000", "_", "\n", VARIABLE]


def a_list(key: str, level: Level, words: list[str], allowed: list[str] | None = None, **rest: object) -> WordList:
    return WordList(key=key, level=level, words=tuple(words), allowed=tuple(allowed or ()), **rest)  # type: ignore[arg-type]


def folded(text: str) -> list[tuple[str, int]]:
    """Each letter or digit that counts, with the place that it comes from."""
    found = [(VARIABLE, at) for at, char in enumerate(text) if char == VARIABLE]
    for at, char in enumerate(text):
        for each in unicodedata.normalize("NFKC", char).casefold():
            if unicodedata.category(each)[0] in "LN":
                found.append((PAIRS.get(each, each), at))
    return sorted(found, key=lambda pair: pair[1])


def places(word: str, text: str) -> list[tuple[int, int]]:
    return [(at, at + len(word)) for at in range(len(text)) if word and text.startswith(word, at)]


def naive(lists: list[WordList], text: str, class_key: str = CLASS) -> set[tuple[int, int, str]]:
    letters = folded(text)
    whole = "".join(letter for letter, _ in letters)
    found = []
    for order, each in enumerate(lists):
        if class_key in each.exempt or (each.classes and class_key not in each.classes):
            continue
        harmless = [span for phrase in each.allowed for span in places(plain(phrase), whole)]
        for word in each.words:
            for start, end in places(plain(word), whole):
                if not any(a <= start and end <= b for a, b in harmless):
                    found.append((start, end, LEVELS.index(each.level), order))
    kept = {
        span
        for span in found
        if not any(
            other[0] <= span[0] and span[1] <= other[1] and other[2] <= span[2] and other != span
            and (other[:2] != span[:2] or other[2:] < span[2:])
            for other in found
        )
    }  # fmt: skip
    return {(letters[start][1], letters[end - 1][1] + 1, lists[order].key) for start, end, _, order in kept}


def told(hits: list[Hit]) -> set[tuple[int, int, str]]:
    return {(hit.start, hit.end, hit.list.key) for hit in hits}


word_texts = st.text(LETTERS, min_size=1, max_size=3)
some_lists = st.lists(
    st.tuples(st.sampled_from(list(Level)), st.lists(word_texts, min_size=1, max_size=4), st.lists(word_texts)),
    min_size=1,
    max_size=4,
).map(lambda made: [a_list(f"words.own-{at}", *each) for at, each in enumerate(made)])


@given(some_lists, st.lists(st.one_of(st.sampled_from(LETTERS), st.sampled_from(GAPS), st.text(max_size=2))))
def test_it_finds_what_a_search_word_by_word_finds(lists: list[WordList], crumbs: list[str]) -> None:
    text = "".join(crumbs)
    assert told(Words(lists).hits(text, CLASS)) == naive(lists, text)


@given(
    st.lists(st.one_of(st.sampled_from([*shipped_words().lists[0].words, *"將爆通訊錄第一期"]), st.text(max_size=3)))
)
def test_the_shipped_lists_too(crumbs: list[str]) -> None:
    text = "".join(crumbs)
    lists = list(shipped_words().lists)
    for class_key in (CLASS, "market", "fraud"):
        assert told(shipped_words().hits(text, class_key)) == naive(lists, text, class_key)


@pytest.mark.parametrize(
    "text",
    ["坐牢", "坐 牢", "坐\u200b牢", "坐\u00ad牢", "坐\ufeff牢", "坐。牢", "坐__牢", "坐\n牢", "⼀坐牢", "坐😀牢"],
)
def test_a_word_is_found_where_it_stands(text: str) -> None:
    words = Words([a_list("words.own-1", Level.BLOCK, ["坐牢"])])
    (hit,) = words.hits(f"不还就{text}。", CLASS)
    assert f"不还就{text}。"[hit.start] == "坐"
    assert f"不还就{text}。"[hit.end - 1] == "牢"


def test_traditional_and_wide_characters_are_the_same_word() -> None:
    words = Words([a_list("words.own-1", Level.BLOCK, ["律师函", "ABC贷", "臺灣"])])
    assert [hit.word for hit in words.hits("發律師函、ａｂｃ貸、台湾", CLASS)] == ["律师函", "abc贷", "台湾"]


def test_a_stricter_word_inside_a_longer_one_is_told_as_well() -> None:
    words = Words(
        [a_list("words.own-1", Level.HINT, ["无息秒批"]), a_list("words.own-2", Level.BLOCK, ["秒批"])],
    )
    assert [hit.list.key for hit in words.hits("无息秒批", CLASS)] == ["words.own-1", "words.own-2"]


def test_a_phrase_allows_the_words_of_its_own_list_only() -> None:
    mild = a_list("words.own-1", Level.WARN, ["第一"], ["第一期"])
    assert Words([mild]).hits("第一期", CLASS) == []
    assert len(Words([mild]).hits("第一期第一", CLASS)) == 1
    strict = a_list("words.own-2", Level.BLOCK, ["一期"])
    assert [hit.list.key for hit in Words([mild, strict]).hits("第一期", CLASS)] == ["words.own-2"]


def test_a_list_is_for_the_kinds_it_names() -> None:
    only = a_list("words.own-1", Level.WARN, ["甲"], classes=frozenset({"market"}))
    but = a_list("words.own-2", Level.WARN, ["乙"], exempt=frozenset({"market"}))
    words = Words([only, but])
    assert [hit.word for hit in words.hits("甲乙", "market")] == ["甲"]
    assert [hit.word for hit in words.hits("甲乙", CLASS)] == ["乙"]


def test_no_list_at_all_finds_nothing() -> None:
    assert Words([]).hits("坐牢", CLASS) == []
    assert Words([]).apart("坐", "", "牢", CLASS)
