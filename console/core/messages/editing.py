"""Writing templates. A version never changes: saving makes the next one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, tr
from console.core.messages.browse import TemplateGone
from console.core.messages.checks import check_template
from console.core.messages.classes import CLASSES
from console.core.messages.findings import Finding, Level, blocked
from console.core.security.permissions import Permission
from db.models import Template, TemplateState, TemplateVersion

NAME_LENGTH = 100


class TemplateChanged(UserError):
    def __init__(self, number: int) -> None:
        super().__init__(
            T("Somebody has saved version {number} of this template meanwhile.", number=number),
            T("Save your text as a copy, or look at the new version first."),
        )


class TemplateUnnamed(UserError):
    def __init__(self) -> None:
        super().__init__(T("The template has no name."), T("Give it a name of at most {n} characters.", n=NAME_LENGTH))


class TemplateUnfit(UserError):
    """``findings`` say why the text cannot be used."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(T("This text cannot be used yet."), T("Mend what is marked as an error, then save again."))
        self.findings = tuple(findings)


@dataclass(frozen=True, kw_only=True)
class Saved:
    template_id: int
    version_id: int
    number: int
    state: TemplateState


def save_template(
    ctx: Context,
    *,
    template_id: int | None = None,
    name: str,
    class_key: str,
    body: str,
    seen: int | None = None,
) -> Saved:
    """A new template, or the next version of one; only its name changes when the text is the same.

    A new text with errors is kept as a draft, which no campaign can use; a template in use refuses it.
    ``seen`` is the newest version that the writer has looked at. The class of a template is fixed.
    Raises NotPermitted, TemplateUnnamed, TemplateUnfit, TemplateChanged, TemplateGone.
    """
    ctx.require(Permission.TEMPLATES_EDIT)
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_LENGTH:
        raise TemplateUnnamed()
    body = body.strip()
    with ctx.database.begin() as session:
        template = _locked(session, template_id) if template_id is not None else None
        class_ = CLASSES[template.class_key if template else class_key]
        findings = check_template(body, class_, ctx.settings.text("bank.signature"))
        bad = [finding for finding in findings if finding.level is Level.BLOCK]
        if template is None:
            state = TemplateState.DRAFT if bad else TemplateState.ACTIVE
            template = _new(ctx, session, name, class_.key, state)
            version = _add_version(ctx, session, template.id, 1, body)
        else:
            version = _next_version(ctx, session, template, body, seen, bad)
            template.name = name
            if template.state is TemplateState.DRAFT and not bad:
                template.state = TemplateState.ACTIVE
            template.updated_at = ctx.clock.now()
        _record(ctx, session, "template.save", template, number=version.number)
        return Saved(
            template_id=template.id, version_id=version.id, number=version.number, state=TemplateState(template.state)
        )


def copy_template(ctx: Context, template_id: int) -> Saved:
    """A template of the office's own with the newest text of another one. Raises NotPermitted, TemplateGone."""
    ctx.require(Permission.TEMPLATES_EDIT)
    with ctx.database.begin() as session:
        source = _locked(session, template_id)
        text = _newest(session, template_id)
        bad = blocked(check_template(text.body, CLASSES[source.class_key], ctx.settings.text("bank.signature")))
        state = TemplateState.DRAFT if bad else TemplateState.ACTIVE
        name = tr("{name} (copy)", name=source.name)[:NAME_LENGTH]
        template = _new(ctx, session, name, source.class_key, state)
        version = _add_version(ctx, session, template.id, 1, text.body)
        _record(ctx, session, "template.copy", template, source=source.key, number=1)
        return Saved(template_id=template.id, version_id=version.id, number=1, state=state)


def retire_template(ctx: Context, template_id: int) -> None:
    """No new campaign can use it; what was written with it stays. Raises NotPermitted, TemplateGone."""
    _set_state(ctx, template_id, TemplateState.RETIRED, "template.retire")


def restore_template(ctx: Context, template_id: int) -> None:
    """Raises NotPermitted, TemplateGone, TemplateUnfit when today's rules forbid its text."""
    _set_state(ctx, template_id, TemplateState.ACTIVE, "template.restore")


def _set_state(ctx: Context, template_id: int, state: TemplateState, action: str) -> None:
    ctx.require(Permission.TEMPLATES_EDIT)
    with ctx.database.begin() as session:
        template = _locked(session, template_id)
        if state is TemplateState.ACTIVE:
            body = _newest(session, template_id).body
            findings = check_template(body, CLASSES[template.class_key], ctx.settings.text("bank.signature"))
            if blocked(findings):
                raise TemplateUnfit(findings)
        template.state = state
        template.updated_at = ctx.clock.now()
        _record(ctx, session, action, template)


def _locked(session: Session, template_id: int) -> Template:
    template = session.get(Template, template_id, with_for_update=True)
    if template is None:
        raise TemplateGone()
    return template


def _newest(session: Session, template_id: int) -> TemplateVersion:
    query = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    return session.scalars(query.order_by(TemplateVersion.number.desc()).limit(1)).one()


def _next_version(
    ctx: Context, session: Session, template: Template, body: str, seen: int | None, bad: Sequence[Finding]
) -> TemplateVersion:
    newest = _newest(session, template.id)
    if seen is not None and newest.number != seen:
        raise TemplateChanged(newest.number)
    if newest.body == body:
        return newest
    if bad and template.state is not TemplateState.DRAFT:
        raise TemplateUnfit(bad)
    return _add_version(ctx, session, template.id, newest.number + 1, body)


def _new(ctx: Context, session: Session, name: str, class_key: str, state: TemplateState) -> Template:
    values = insert(Template).values(
        key=f"own-{uuid.uuid4().hex[:12]}",
        name=name,
        class_key=class_key,
        state=state,
        shipped=False,
        created_by=ctx.actor.user_id,
        updated_at=ctx.clock.now(),
    )
    return session.scalars(values.returning(Template)).one()


def _add_version(ctx: Context, session: Session, template_id: int, number: int, body: str) -> TemplateVersion:
    values = insert(TemplateVersion).values(
        template_id=template_id,
        number=number,
        body=body,
        created_by=ctx.actor.user_id,
        created_at=ctx.clock.now(),
    )
    return session.scalars(values.returning(TemplateVersion)).one()


def _record(ctx: Context, session: Session, action: str, template: Template, **detail: object) -> None:
    ctx.audit(
        session, action, f"template:{template.id}", key=template.key, name=template.name, class_key=template.class_key,
        **detail,
    )  # fmt: skip
