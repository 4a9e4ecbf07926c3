"""Texts: the language of the system, sentences one after the other, and no two plurals that share one entry."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import console
from console.core.i18n import current_language, sentences, system_language, use_language


@pytest.fixture(autouse=True)
def same_language_afterwards() -> Iterator[None]:
    before = current_language()
    yield
    use_language(before)


@pytest.mark.parametrize(
    ("wished", "found"), [("zh_CN.UTF-8", "zh_CN"), ("zh_HK.UTF-8", "zh_TW"), ("zh_TW", "zh_TW"), ("en_GB.UTF-8", "en")]
)
def test_the_wished_language_counts_though_its_locale_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, wished: str, found: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", wished)
    assert system_language() == found


def test_chinese_puts_no_space_between_sentences() -> None:
    use_language("zh_CN")
    assert sentences("甲。", "", "乙。") == "甲。乙。"
    use_language("en")
    assert sentences("One.", "", "Two.") == "One. Two."


def test_one_singular_has_one_plural() -> None:
    """gettext finds a plural by its singular alone: two plurals of one singular would be shown for each other."""
    plurals: dict[str, set[str]] = defaultdict(set)
    for file in Path(console.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ntr":
                singular, plural = (ast.literal_eval(argument) for argument in node.args[:2])
                plurals[singular].add(plural)
    assert {singular: found for singular, found in plurals.items() if len(found) > 1} == {}
