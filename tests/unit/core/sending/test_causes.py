from __future__ import annotations

import pytest

from console.core.sending.causes import Group, explain, needs_person


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("cms.1", Group.NUMBER),
        ("cms.38", Group.NETWORK),
        ("cms.310", Group.LINE),
        ("cms.500", Group.UNKNOWN),
        ("cms.777", Group.NETWORK),
        ("cme.10", Group.LINE),
        ("tp.46", Group.HANDSET),
        ("tp.4a", Group.HANDSET),
        ("tp.5F", Group.NETWORK),
        ("tp.61", Group.HANDSET),
        ("dr.MK:0001", Group.NUMBER),
        ("dr.MK:9999", Group.HANDSET),
        ("dr.ZZ:0001", Group.CARRIER),
        ("port.gone", Group.LINE),
        ("tampered", Group.PROGRAM),
        ("", Group.UNKNOWN),
        ("never heard of", Group.UNKNOWN),
    ],
)
def test_every_code_has_a_text_an_advice_and_a_group(code: str, group: Group) -> None:
    cause = explain(code)
    assert cause.group is group
    assert str(cause.text)
    assert str(cause.advice)


def test_an_unlisted_code_stands_in_its_text() -> None:
    assert "777" in str(explain("cms.777").text)


def test_a_missing_sim_needs_a_person_and_a_busy_network_does_not() -> None:
    assert needs_person("sim.absent")
    assert not needs_person("cms.38")
