"""One message to one number, to see it arrive: the same outbox, no approval, and never a customer's data."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns.decisions import subject
from console.core.campaigns.draft import Draft
from console.core.campaigns.evaluation import Plan, plan
from console.core.context import Context
from console.core.errors import UserError
from console.core.format import masked_phone
from console.core.i18n import T, tr
from console.core.messages.checks import check_rendered
from console.core.messages.findings import Level
from console.core.messages.template import Parsed, compose, measure
from console.core.messages.variables import VARIABLES, BadValue, written
from console.core.security.permissions import Permission
from console.core.sending.integrity import SECRET_NAME, BatchDigest, message_digest
from console.core.sending.seals import seal_batch
from db.models import Batch, BatchKind, BatchState, Campaign, Message, MessageState

AN_HOUR = 20  # test messages of one person, so that testing never becomes a way around approval
LIFETIME = timedelta(minutes=30)  # a test that could not leave by then is of no use
PRIORITY = 0

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)


class TrialRefused(UserError):
    """The test message is not sent."""


@dataclass(frozen=True, kw_only=True)
class TrialSent:
    batch_id: int
    message_id: int
    body: str
    parts: int


def send_test(ctx: Context, draft: Draft, phone: str, *, campaign_id: int | None = None, variant: int = 0) -> TrialSent:
    """Put one marked message with made-up people and amounts into the outbox: the number may be anybody's.

    ``variant``: of the template's version, from 1; 0 for its main text. Raises NotPermitted, NotComplete, TrialRefused.
    """
    ctx.require(Permission.CAMPAIGNS_TEST_SEND)
    number = mobile(phone)
    with ctx.database.read() as session:
        prepared = plan(ctx, session, draft)
        body = _body(prepared, variant)
    return queue_test(ctx, body, number, class_key=prepared.class_.key, line_id=draft.line_id, campaign_id=campaign_id)


def queue_test(
    ctx: Context, body: str, number: str, *, class_key: str, line_id: int | None, campaign_id: int | None = None
) -> TrialSent:
    """The batch of one message, open at once. ``body`` with its signature, ``number`` as ``mobile`` gives it.

    Raises TrialRefused when this person has tested too often.
    """
    secret = ctx.database.secret(SECRET_NAME)
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        _not_too_many(ctx, session, now)
        batch = _batch(ctx, class_key, line_id, campaign_id, now)
        if campaign_id is not None and session.get(Campaign, campaign_id) is None:
            batch.campaign_id = None
        session.add(batch)
        session.flush()
        message = Message(
            batch_id=batch.id,
            phone=number,
            recipient=number,
            body=body,
            parts=measure(body).parts,
            digest=message_digest(secret, batch.id, number, number, body),
            state=MessageState.WAITING,
            created_at=now,
        )
        session.add(message)
        session.flush()
        batch.parts, batch.digest = message.parts, _digest(batch, message)
        seal_batch(secret, batch)
        about = subject(campaign_id) if campaign_id is not None else f"batch:{batch.id}"
        ctx.audit(session, "campaign.test_send", about, batch=batch.id, phone=masked_phone(number))
        return TrialSent(batch_id=batch.id, message_id=message.id, body=body, parts=message.parts)


def mobile(phone: str) -> str:
    """Eleven digits. Raises TrialRefused."""
    digits = re.sub(r"[\s\-()]", "", unicodedata.normalize("NFKC", phone))
    digits = re.sub(r"^(?:\+|00)?86(?=1)", "", digits)
    if not _MOBILE.fullmatch(digits):
        raise TrialRefused(T("This is not a mobile number."), T("It has 11 digits and begins with 13 to 19."))
    return digits


def _body(prepared: Plan, variant: int) -> str:
    if not 0 <= variant < len(prepared.texts):
        raise TrialRefused(T("The template does not have this text any more."), T("Choose another one."))
    parsed = prepared.texts[variant].parsed
    # marked behind the signature, which has to stand first
    text = tr("[Test] {text}", text=parsed.render(_values(prepared, parsed)))
    body = compose(prepared.signature, text)
    blocked = next(
        (f for f in check_rendered(body, prepared.class_, prepared.policy.words) if f.level is Level.BLOCK), None
    )
    if blocked is not None:
        raise TrialRefused(blocked.why, blocked.mend)
    return body


def _values(prepared: Plan, parsed: Parsed) -> dict[str, str]:
    """Samples, but the office's and the campaign's own values where there are any."""
    wanted, today = parsed.variables, prepared.at.astimezone().date()
    given = {key: value for key, value in prepared.office.items() if value}
    for key, raw in prepared.campaign.items():
        try:
            given[key] = written(VARIABLES[key], raw, today)
        except BadValue as error:
            raise TrialRefused(T("{title}: {why}", title=str(VARIABLES[key].title), why=str(error))) from error
    return {key: given.get(key, VARIABLES[key].sample) for key in wanted}


def _not_too_many(ctx: Context, session: Session, now: datetime) -> None:
    query = select(func.count()).where(
        Batch.kind == BatchKind.TEST, Batch.created_by == ctx.actor.user_id, Batch.created_at > now - timedelta(hours=1)
    )
    if (session.scalar(query) or 0) >= AN_HOUR:
        raise TrialRefused(
            T("You have sent {count} test messages within the hour.", count=AN_HOUR),
            T("Messages to customers need a campaign and its approval."),
        )


def _batch(ctx: Context, class_key: str, line_id: int | None, campaign_id: int | None, now: datetime) -> Batch:
    return Batch(
        kind=BatchKind.TEST,
        campaign_id=campaign_id,
        class_key=class_key,
        state=BatchState.OPEN,
        priority=PRIORITY,
        expires_at=now + LIFETIME,
        line_id=line_id,
        messages=1,
        created_by=ctx.actor.user_id,
        created_at=now,
        opened_by=ctx.actor.user_id,
        opened_at=now,
    )


def _digest(batch: Batch, message: Message) -> str:
    whole = BatchDigest()
    whole.add(message.digest)
    return whole.finish(
        class_key=batch.class_key, not_before=batch.not_before, expires_at=batch.expires_at, line_id=batch.line_id
    )
