"""Writing templates. A version never changes: saving makes the next one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from console.core.compliance.versions import words_at
from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T, tr
from console.core.messages.browse import TemplateGone
from console.core.messages.classes import CLASSES
from console.core.messages.findings import Finding, blocked
from console.core.messages.variants import Variant, check_texts, read, tidy
from console.core.security.permissions import Permission
from db.models import Template, TemplateState, TemplateVersion, VersionState

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
        super().__init__(T("This text cannot be used yet."), T("Mend what is marked as an error first."))
        self.findings = tuple(findings)


@dataclass(frozen=True, kw_only=True)
class Saved:
    template_id: int
    version_id: int
    number: int
    fit: bool  # nothing in the text blocks it: it may be submitted for review


def save_template(
    ctx: Context,
    *,
    template_id: int | None = None,
    name: str,
    class_key: str,
    body: str,
    variants: Sequence[Variant] | None = None,
    seen: int | None = None,
) -> Saved:
    """A new template, or the next version of one; only its name changes when the text is the same.

    The version is a draft, with or without errors: campaigns go on with the one that was approved last. ``seen`` is
    the newest version that the writer has looked at. The class of a template is fixed. ``variants`` None: as they are.
    Raises NotPermitted, TemplateUnnamed, TemplateChanged, TemplateGone, BadVariants, BadConditions.
    """
    ctx.require(Permission.TEMPLATES_EDIT)
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_LENGTH:
        raise TemplateUnnamed()
    body = body.strip()
    with ctx.database.begin() as session:
        wanted = None if variants is None else tidy(session, variants)
        if template_id is None:
            template = _new(ctx, session, name, class_key)
            version = _add_version(ctx, session, template.id, 1, body, wanted or ())
        else:
            template = locked(session, template_id)
            version = _next_version(ctx, session, template, body, wanted, seen)
            template.name = name
            template.updated_at = ctx.clock.now()
        record(ctx, session, "template.save", template, number=version.number)
        fit = not blocked(findings_of(ctx, session, template, version))
        return Saved(template_id=template.id, version_id=version.id, number=version.number, fit=fit)


def copy_template(ctx: Context, template_id: int) -> Saved:
    """A draft of the office's own with the newest text of another one. Raises NotPermitted, TemplateGone."""
    ctx.require(Permission.TEMPLATES_EDIT)
    with ctx.database.begin() as session:
        source = locked(session, template_id)
        text = newest(session, template_id)
        name = tr("{name} (copy)", name=source.name)[:NAME_LENGTH]
        template = _new(ctx, session, name, source.class_key)
        version = _add_version(ctx, session, template.id, 1, text.body, read(text.variants))
        record(ctx, session, "template.copy", template, source=source.key, number=1)
        fit = not blocked(findings_of(ctx, session, template, version))
        return Saved(template_id=template.id, version_id=version.id, number=1, fit=fit)


def retire_template(ctx: Context, template_id: int) -> None:
    """No new campaign can use it; what was written with it stays. Raises NotPermitted, TemplateGone."""
    ctx.require(Permission.TEMPLATES_EDIT)
    with ctx.database.begin() as session:
        template = locked(session, template_id)
        template.state = TemplateState.RETIRED
        template.updated_at = ctx.clock.now()
        record(ctx, session, "template.retire", template)


def restore_template(ctx: Context, template_id: int) -> None:
    """Raises NotPermitted, TemplateGone, TemplateUnfit when today's rules forbid the text that was approved."""
    ctx.require(Permission.TEMPLATES_EDIT)
    with ctx.database.begin() as session:
        template = locked(session, template_id)
        approved = newest(session, template_id, VersionState.APPROVED)
        if approved is not None:
            findings = findings_of(ctx, session, template, approved)
            if blocked(findings):
                raise TemplateUnfit(findings)
        template.state = TemplateState.DRAFT if approved is None else TemplateState.ACTIVE
        template.updated_at = ctx.clock.now()
        record(ctx, session, "template.restore", template)


def findings_of(ctx: Context, session: Session, template: Template, version: TemplateVersion) -> list[Finding]:
    """Of its main text and its variants."""
    words, signature = words_at(session, ctx.clock.now()), ctx.settings.text("bank.signature")
    return check_texts(version.body, read(version.variants), CLASSES[template.class_key], signature, words)


def locked(session: Session, template_id: int) -> Template:
    """Raises TemplateGone."""
    template = session.get(Template, template_id, with_for_update=True)
    if template is None:
        raise TemplateGone()
    return template


@overload
def newest(session: Session, template_id: int) -> TemplateVersion: ...
@overload
def newest(session: Session, template_id: int, state: VersionState) -> TemplateVersion | None: ...
def newest(session: Session, template_id: int, state: VersionState | None = None) -> TemplateVersion | None:
    """The newest version, or the newest in ``state``."""
    query = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    if state is not None:
        query = query.where(TemplateVersion.state == state)
    return session.scalars(query.order_by(TemplateVersion.number.desc()).limit(1)).one_or_none()


def _next_version(
    ctx: Context,
    session: Session,
    template: Template,
    body: str,
    variants: tuple[Variant, ...] | None,
    seen: int | None,
) -> TemplateVersion:
    last = newest(session, template.id)
    if seen is not None and last.number != seen:
        raise TemplateChanged(last.number)
    before = read(last.variants)
    if last.body == body and variants in (None, before):
        return last
    if last.state is VersionState.REVIEW:  # what was to be reviewed is not what its writer wants any more
        last.state = VersionState.DRAFT
    return _add_version(ctx, session, template.id, last.number + 1, body, before if variants is None else variants)


def _new(ctx: Context, session: Session, name: str, class_key: str) -> Template:
    values = insert(Template).values(
        key=f"own-{uuid.uuid4().hex[:12]}",
        name=name,
        class_key=class_key,
        state=TemplateState.DRAFT,
        shipped=False,
        created_by=ctx.actor.user_id,
        updated_at=ctx.clock.now(),
    )
    return session.scalars(values.returning(Template)).one()


def _add_version(
    ctx: Context, session: Session, template_id: int, number: int, body: str, variants: Sequence[Variant]
) -> TemplateVersion:
    values = insert(TemplateVersion).values(
        template_id=template_id,
        number=number,
        body=body,
        variants=[each.dump() for each in variants],
        state=VersionState.DRAFT,
        created_by=ctx.actor.user_id,
        created_at=ctx.clock.now(),
    )
    return session.scalars(values.returning(TemplateVersion)).one()


def record(ctx: Context, session: Session, action: str, template: Template, **detail: object) -> None:
    ctx.audit(
        session, action, f"template:{template.id}", key=template.key, name=template.name, class_key=template.class_key,
        **detail,
    )  # fmt: skip
