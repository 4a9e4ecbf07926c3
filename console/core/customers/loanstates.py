"""What people call the states of a loan."""

from __future__ import annotations

from collections.abc import Mapping

from console.core.i18n import T, Text
from db.models import LoanState

LOAN_STATE_TITLES: Mapping[str, Text] = {
    LoanState.ACTIVE: T("Repaying"),
    LoanState.OVERDUE: T("Overdue"),
    LoanState.SETTLED: T("Settled"),
    LoanState.APPLYING: T("Applying"),
}
