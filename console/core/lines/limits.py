"""What a line may send, when, and how it stands to the other lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from console.core.i18n import T, Text, listed, tr
from console.core.messages.classes import CLASSES
from db.models import Line

FIRST, USUAL, LAST = 0, 5, 9  # priorities
FOLLOW, CODE = "follow", "balance_code"  # keys of db.models.Line.options
_USSD = re.compile(r"[*#][0-9*#]{1,30}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """None: no limit. Quotas count parts, as the carrier bills them."""

    hourly_quota: int | None = None
    daily_quota: int | None = None
    monthly_quota: int | None = None
    opens_at: time | None = None  # the office's time; both or none
    closes_at: time | None = None  # before ``opens_at``: past midnight
    classes: tuple[str, ...] = ()  # message classes; empty: all
    priority: int = USUAL  # 0 first
    follow: bool = True  # the modem to another port
    balance_code: str = ""  # USSD; empty: the operator's usual one

    @staticmethod
    def of(line: Line) -> Limits:
        code = line.options.get(CODE)
        return Limits(
            hourly_quota=line.hourly_quota,
            daily_quota=line.daily_quota,
            monthly_quota=line.monthly_quota,
            opens_at=line.opens_at,
            closes_at=line.closes_at,
            classes=tuple(line.classes),
            priority=line.priority,
            follow=line.options.get(FOLLOW) is not False,
            balance_code=code if isinstance(code, str) else "",
        )

    def fill(self, line: Line) -> None:
        line.hourly_quota = self.hourly_quota
        line.daily_quota = self.daily_quota
        line.monthly_quota = self.monthly_quota
        line.opens_at, line.closes_at = self.opens_at, self.closes_at
        line.classes = list(self.classes)
        line.priority = self.priority
        others = {key: value for key, value in line.options.items() if key not in (FOLLOW, CODE)}
        line.options = (
            others | ({} if self.follow else {FOLLOW: False}) | ({CODE: self.balance_code} if self.balance_code else {})
        )

    def wrong(self) -> tuple[str, Text] | None:
        """The field that has to be mended, and why."""
        if (self.opens_at is None) != (self.closes_at is None):
            return "hours", T("Give both the first and the last hour, or none.")
        if self.opens_at is not None and self.opens_at == self.closes_at:
            return "hours", T("The two hours are the same, so the line would never send.")
        if self.hourly_quota and self.daily_quota and self.hourly_quota > self.daily_quota:
            return "hourly", T("The quota of an hour is larger than that of a day.")
        if self.daily_quota and self.monthly_quota and self.daily_quota > self.monthly_quota:
            return "monthly", T("The quota of a month is smaller than that of a day.")
        if any(key not in CLASSES for key in self.classes):
            return "classes", T("One of the message classes does not exist.")
        if not FIRST <= self.priority <= LAST:
            return "priority", T("The priority lies between {first} and {last}.", first=FIRST, last=LAST)
        if self.balance_code and not _USSD.fullmatch(self.balance_code):
            return "balance", T("Such a code begins with * or # and holds digits, * and # only.")
        return None

    def told(self) -> dict[str, object]:
        """For the audit trail."""
        return {
            "hourly": self.hourly_quota,
            "quota": self.daily_quota,
            "monthly": self.monthly_quota,
            "hours": self.hours(),
            "classes": list(self.classes),
            "priority": self.priority,
            "follow": self.follow,
            "balance": self.balance_code,
        }

    def hours(self) -> str:
        """``08:00–20:00``; empty for any hour."""
        if self.opens_at is None or self.closes_at is None:
            return ""
        return f"{self.opens_at:%H:%M}–{self.closes_at:%H:%M}"

    def words(self) -> list[str]:
        """What differs from a line without limits; the daily quota has a bar of its own."""
        found = [
            tr("at most {n} an hour", n=f"{self.hourly_quota:,}") if self.hourly_quota else "",
            tr("at most {n} a month", n=f"{self.monthly_quota:,}") if self.monthly_quota else "",
            self.hours(),
            listed(CLASSES[key].title for key in self.classes if key in CLASSES),
            tr("priority {n}", n=self.priority) if self.priority != USUAL else "",
        ]
        return [words for words in found if words]
