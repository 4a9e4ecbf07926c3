"""The rules by which somebody is left out, as headings of counts."""

from __future__ import annotations

from collections.abc import Mapping

from console.core.i18n import T, Text

RULE_MISSING = "text.missing"
RULE_TEXT = "text.blocked"
RULE_WITHOUT = "campaign.without"
RULE_DUPLICATE = "duplicate.number"

_TITLES: Mapping[str, Text] = {
    RULE_MISSING: T("A value for the text is missing"),
    RULE_TEXT: T("The text would not be allowed"),
    RULE_WITHOUT: T("Left out by the campaign"),
    RULE_DUPLICATE: T("The number already gets it"),
    "duplicate.text": T("The same text within a day"),
    "holdout": T("Held out to measure the effect"),
    "number.mobile": T("Not a mobile number"),
    "number.own": T("Not the customer's own number"),
    "customer.gone": T("No such customer"),
    "customer.inactive": T("No longer a customer"),
    "suppressed": T("Must not be written to"),
    "suppressed.purpose": T("Refused messages of this kind"),
    "suppressed.head_office": T("Barred by head office"),
    "suppressed.regulator": T("Barred by the supervising authority"),
    "channel.other": T("Prefers another channel"),
    "ease.promised": T("Promised to pay"),
    "ease.disputed": T("Disputes the debt"),
    "ease.bereaved": T("In mourning"),
    "ease.vulnerable": T("Needs assistance"),
    "consent.missing": T("No consent"),
    "consent.refused": T("Consent refused"),
    "loan.gone": T("No such loan"),
    "loan.paid": T("Already paid"),
    "loan.state": T("The loan is in another state"),
    "loan.days": T("The due date does not fit"),
    "loan.changed": T("The text is no longer right"),
}
_FAMILIES: Mapping[str, Text] = {
    "cap.": T("Written to too often lately"),
    "ease.complaint": T("A complaint is open"),
    "hours.": T("Contact hours come too late"),
}


def rule_title(rule: str) -> Text:
    """In words; the bare id for a rule that this version does not know."""
    family = next((title for prefix, title in _FAMILIES.items() if rule.startswith(prefix)), None)
    return _TITLES.get(rule) or family or Text(rule)
