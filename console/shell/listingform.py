"""The fields of an entry on the do-not-contact list, wherever one is entered."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from console.core.customers.suppressions import ISSUER_TITLES, SCOPE_TITLES, Entry, Issuer, purposes
from console.core.i18n import tr
from console.shell.forms import Form


def end_of(day: object) -> datetime | None:
    """The first moment that does not count any more: midnight after the day, local time."""
    if not isinstance(day, date):
        return None
    return datetime.combine(day + timedelta(days=1), time.min).astimezone(UTC)


def add_listing_fields(form: Form, today: date) -> None:
    """Scope, issuer, reason and end of an entry on the do-not-contact list; ``listing_of`` reads them."""
    scopes = purposes()
    form.add_choice("scope", tr("Holds back"), [(scope, str(SCOPE_TITLES[scope])) for scope in scopes], scopes[0])
    form.add_choice("issuer", tr("By word of"), [(issuer, str(ISSUER_TITLES[issuer])) for issuer in Issuer])
    form.add_text("reason", tr("Reason"), max_length=100)
    box = form.add_flag("ends", tr("Ends by itself"), False)
    form.add_date("until", tr("Last day"), today + timedelta(days=365))
    form.set_field_visible("until", False)
    box.toggled.connect(lambda on: form.set_field_visible("until", on))


def listing_of(form: Form) -> Entry:
    until = end_of(form.value("until")) if form.value("ends") is True else None
    issuer = Issuer(str(form.value("issuer")))
    return Entry(scope=str(form.value("scope")), issuer=issuer, reason=form.text("reason"), until=until)
