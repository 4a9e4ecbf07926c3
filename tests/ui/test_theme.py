from __future__ import annotations

import itertools
from string import Template

import pytest
from PySide6.QtWidgets import QApplication

from console.shell.icons import icon
from console.shell.states import STATES
from console.shell.theme import Theme, ThemeManager, current, tokens

LEAST = 4.5  # WCAG 2.2, 1.4.3


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(scheme: str) -> None:
    colors = tokens()[scheme]
    poor = {
        (text, ground): round(contrast(colors[text], colors[ground]), 2)
        for text, ground in tokens()["text_pairs"]
        if contrast(colors[text], colors[ground]) < LEAST
    }
    assert poor == {}


def test_both_schemes_have_the_same_tokens() -> None:
    assert tokens()["light"].keys() == tokens()["dark"].keys()


def test_states_of_one_tone_differ_in_shape_or_word() -> None:
    looks = {(look.tone, look.shape, look.title.source) for look in STATES.values()}
    assert len({(shape, word) for _tone, shape, word in looks}) == len(looks)
    for look in STATES.values():
        assert look.tone in tokens()["light"]
        assert f"{look.tone}_soft" in tokens()["light"]


@pytest.mark.parametrize(
    ("scheme", "density", "size"), list(itertools.product(("light", "dark"), ("comfortable", "compact"), (11, 20)))
)
def test_the_sheet_is_complete(scheme: str, density: str, size: int) -> None:
    sheet = Theme(scheme=scheme, density=density, font_px=size).style_sheet()
    assert "$" not in sheet
    assert Template(sheet).get_identifiers() == []


def test_a_switch_reaches_palette_and_icons(theme_manager: ThemeManager, qapp: QApplication) -> None:
    picture = icon("house", "text")
    light = picture.pixmap(32, 32).toImage()
    theme_manager.apply("dark", language="en")
    assert current().scheme == "dark"
    assert qapp.palette().window().color().name() == tokens()["dark"]["background"].lower()
    assert picture.pixmap(32, 32).toImage() != light


def test_an_icon_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")
