"""What a message is for: the ground on which a person may be written to, and what they can refuse."""

from __future__ import annotations

from enum import StrEnum

from console.core.i18n import T, Text


class Purpose(StrEnum):
    """Stored by value in consents and as the scope of a suppression."""

    CONTRACT = "contract"  # performing the contract: PIPL article 13(2), no consent needed
    COLLECTION = "collection"  # the contract too, under the stricter rules for collecting debts
    SERVICE = "service"  # something the customer asked for, or must be warned of
    CARE = "care"  # greetings and surveys: goes until refused
    MARKETING = "marketing"  # only with consent


SCOPE_ALL = "all"  # a suppression of every purpose

PURPOSE_TITLES: dict[Purpose, Text] = {
    Purpose.CONTRACT: T("Contract notices"),
    Purpose.COLLECTION: T("Overdue notices"),
    Purpose.SERVICE: T("Customer service"),
    Purpose.CARE: T("Greetings and surveys"),
    Purpose.MARKETING: T("Marketing"),
}
