"""The table of families: every quirk says where it is written, and no two families claim one device."""

from __future__ import annotations

from dataclasses import fields
from itertools import combinations

import pytest

from gsm.messages import LineIdentity
from gsm.modem.quirks import FAMILIES, UNKNOWN, Quirks, quirks_of, quirks_of_usb


@pytest.mark.parametrize("quirks", FAMILIES, ids=lambda quirks: quirks.family)
def test_every_quirk_has_its_source(quirks: Quirks) -> None:
    differs = {item.name for item in fields(Quirks) if getattr(quirks, item.name) != getattr(UNKNOWN, item.name)} - {
        "family",
        "sources",
    }
    assert set(quirks.sources) == differs
    assert all(len(source) > 10 for source in quirks.sources.values())


def test_no_device_belongs_to_two_families() -> None:
    for first, second in combinations(FAMILIES, 2):
        assert not first.usb_vendors & second.usb_vendors
        assert not any(name.startswith(second.names) for name in first.names)


@pytest.mark.parametrize(
    ("maker", "family"),
    [
        ("huawei", "huawei"),
        ("ZTE INCORPORATED", "zte"),
        ("Quectel", "quectel"),
        ("SIMCOM_Ltd", "simcom"),
        ("u-blox", "u-blox"),
        ("Sierra Wireless, Incorporated", "sierra"),
        ("Telit", "telit"),
        ("WAVECOM MODEM", "wavecom"),
        ("SIEMENS", "cinterion"),
        ("Cinterion", "cinterion"),
        ("Nokia", "unknown"),
        ("", "unknown"),
    ],
)
def test_known_by_what_it_calls_its_maker(maker: str, family: str) -> None:
    assert quirks_of(LineIdentity(manufacturer=maker)).family == family


def test_known_by_usb_vendor() -> None:
    found = quirks_of_usb(0x12D1)
    assert found is not None
    assert found.family == "huawei"
    assert quirks_of_usb(0x067B) is None
    assert quirks_of_usb(None) is None
