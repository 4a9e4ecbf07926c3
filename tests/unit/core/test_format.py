from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from console.core import format as f
from console.core.i18n import use_language


@pytest.fixture(autouse=True)
def _english():
    use_language("en")
    yield
    use_language("zh_CN")


def test_money_has_separators_and_two_places() -> None:
    assert f.money(Decimal("3256.8")) == "3,256.80"
    assert f.money(Decimal("-1234567.005")) == "-1,234,567.01"
    assert f.money(Decimal("0")) == "0.00"
    assert f.money(None) == "–"
    assert f.yuan(Decimal("5")) == "5.00 yuan"


def test_counts_and_percentages() -> None:
    assert f.count(1234567) == "1,234,567"
    assert f.percent(Decimal("0.0305")) == "3.05%"
    assert f.percent(0.96449, 1) == "96.4%"
    assert f.share(1, 3) == "33.3%"
    assert f.share(0, 0) == "–"


def test_times_are_local() -> None:
    moment = datetime(2026, 11, 23, 16, 5, 9, tzinfo=UTC)
    local = moment.astimezone()
    assert f.local_datetime(moment) == local.strftime("%Y-%m-%d %H:%M")
    assert f.local_date(moment) == local.date().isoformat()
    assert f.local_date(date(2026, 1, 2)) == "2026-01-02"
    assert f.local_time(moment, seconds=True).endswith(":09")
    assert f.local_datetime(None) == "–"


def test_relative_only_within_the_hour() -> None:
    now = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    assert f.when(now - timedelta(seconds=30), now) == "just now"
    assert f.when(now - timedelta(minutes=1), now) == "1 minute ago"
    assert f.when(now - timedelta(minutes=59), now) == "59 minutes ago"
    assert f.when(now - timedelta(minutes=61), now) == f.local_time(now - timedelta(minutes=61))
    assert f.when(now + timedelta(minutes=5), now) == f.local_time(now + timedelta(minutes=5))
    assert f.when(now - timedelta(days=3), now) == f.local_datetime(now - timedelta(days=3))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (840, "14 minutes"),
        (3600, "1 hour"),
        (5400, "1 h 30 min"),
        (3 * 86400, "3 days"),
    ],
)
def test_durations(seconds: int, text: str) -> None:
    assert f.duration(seconds) == text
    assert f.duration(timedelta(seconds=seconds)) == text


def test_masks() -> None:
    assert f.masked_phone("13800138000") == "138****8000"
    assert f.masked_phone("+8613800138000") == "+86138****8000"
    assert f.masked_phone("10086") == "***86"
    assert f.masked_name("李强") == "李*"
    assert f.masked_name("欧阳娜娜") == "欧***"
    assert f.masked_name("") == ""
    assert f.masked_identity("11010119900101002X") == "1101**********002X"
    assert f.masked_card("6222 0212 3456 1234") == "6222 **** **** 1234"


def test_sizes() -> None:
    assert f.file_size(900) == "900 B"
    assert f.file_size(1536) == "1.5 KB"
    assert f.file_size(3 * 1024**3) == "3.0 GB"
