"""The tables that a customer's time line is made of, each read as a page of entries before a cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy.orm import Session

from console.core.customers.timeline_changes import changes, imports, looks
from console.core.customers.timeline_entries import Entry, Kind, Page, Who
from console.core.customers.timeline_messages import exclusions, messages, replies
from console.core.customers.timeline_notes import (
    circumstances,
    circumstances_ended,
    consents,
    contacts,
    suppressions,
    suppressions_ended,
)


class Source(NamedTuple):
    kind: Kind
    fetch: Callable[[Session, Who, Page], list[Entry]]


SOURCES = (
    Source(Kind.MESSAGE, messages),
    Source(Kind.LEFT_OUT, exclusions),
    Source(Kind.REPLY, replies),
    Source(Kind.CONTACT, contacts),
    Source(Kind.CONSENT, consents),
    Source(Kind.CONSENT, suppressions),
    Source(Kind.CONSENT, suppressions_ended),
    Source(Kind.CIRCUMSTANCE, circumstances),
    Source(Kind.CIRCUMSTANCE, circumstances_ended),
    Source(Kind.CHANGE, imports),
    Source(Kind.CHANGE, changes),
    Source(Kind.LOOK, looks),
)
