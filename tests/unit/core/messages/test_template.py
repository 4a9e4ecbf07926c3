from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.messages.template import compose, measure, parse
from console.core.messages.variables import SAMPLES, VARIABLES


def rules(body: str) -> list[tuple[str, tuple[int, int] | None]]:
    return [(finding.rule, finding.where) for finding in parse(body).findings]


def test_a_body_is_cut_into_pieces_that_join_to_it() -> None:
    body = "${name}您好,应还${amt}元(100%)。${name}"
    parsed = parse(body)
    assert "".join(piece.text for piece in parsed.pieces) == body
    assert parsed.variables == ("name", "amt")
    assert parsed.findings == ()
    assert parsed.render({"name": "李女士", "amt": "3,256.80"}) == "李女士您好,应还3,256.80元(100%)。李女士"


def test_values_are_never_read_again() -> None:
    hostile = "${amt}%(amt)s{amt}$amt"
    assert parse("${name}您好").render({"name": hostile}) == hostile + "您好"


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("李\n强\x00", "李 强"),
        ("李\u200b强", "李强"),
        ("\u202e强李", "强李"),
        ("【别家银行】李强", "别家银行李强"),
        ("李　强", "李 强"),
        ("Ann\tLee ", "Ann Lee"),
    ],
)
def test_values_are_cleaned(value: str, clean: str) -> None:
    assert parse("${name}。").render({"name": value}) == clean + "。"


def test_a_missing_value_is_an_error_and_never_an_empty_place() -> None:
    with pytest.raises(KeyError):
        parse("${name}您好").render({})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("${nmae}您好", [("variable.unknown", (0, 7))]),
        ("您好${", [("variable.unclosed", (2, 4))]),
        ("您好${name", [("variable.unclosed", (2, 8))]),
        ("${name您好,${prod}。", [("variable.unclosed", (0, 9))]),
        ("${na${prod}me}", [("variable.nested", (0, 6))]),
        ("${${name}}", [("variable.nested", (0, 4))]),
        ("${name}${prod}", [("variable.adjacent", (0, 14))]),
        ("${}", [("variable.name", (0, 3))]),
        ("${ name }", [("variable.name", (0, 9))]),
        ("【银行】您好", [("body.brackets", (0, 1)), ("body.brackets", (3, 4))]),
        ("$name {name} $${tel}", []),
    ],
)
def test_what_is_wrong_is_found_where_it_is(body: str, expected: list[tuple[str, tuple[int, int]]]) -> None:
    assert rules(body) == expected
    for finding in parse(body).findings:
        assert str(finding.why)
        assert str(finding.mend)


@given(st.text(alphabet="${}name %s你【】\n", max_size=40))
def test_any_body_parses_and_what_is_not_a_variable_stays(body: str) -> None:
    parsed = parse(body)
    assert "".join(piece.text for piece in parsed.pieces) == body
    assert parsed.render({"name": "${name}"}) == body


@given(st.dictionaries(st.sampled_from(sorted(VARIABLES)), st.just("${x}%s"), min_size=1))
def test_rendering_puts_each_value_in_its_place(values: dict[str, str]) -> None:
    body = ",".join(f"${{{key}}}" for key in values)
    assert parse(body).render(values) == ",".join(values.values())


def test_the_signature_is_counted() -> None:
    text = compose("示例银行", "一" * 64)
    assert text.startswith("【示例银行】")
    assert (measure(text).units, measure(text).parts) == (70, 1)
    assert measure(text + "一").parts == 2


def test_each_variable_has_a_clean_sample() -> None:
    for key in VARIABLES:
        assert parse(f"${{{key}}}").render(SAMPLES) == SAMPLES[key]
