"""Four eyes over a template: who wrote or submitted a text never approves it."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import UserError
from console.core.i18n import T
from console.core.messages.editing import TemplateUnfit, findings_of, locked, newest, record
from console.core.messages.findings import blocked
from console.core.security.delegation import deciding_for
from console.core.security.permissions import Permission
from db.models import Template, TemplateState, TemplateVersion, VersionState


class NotInReview(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("This version does not wait for a review any more."), T("It was changed or decided elsewhere meanwhile.")
        )


class OwnTemplate(UserError):
    def __init__(self) -> None:
        super().__init__(T("You wrote or submitted this text yourself."), T("Another supervisor has to decide on it."))


class CommentMissing(UserError):
    def __init__(self) -> None:
        super().__init__(T("Say what has to be changed."), T("The writer sees it beside the text."))


def submit_template(ctx: Context, template_id: int, number: int) -> None:
    """Ask for a review of version ``number``, the newest one.

    Raises NotPermitted, TemplateGone, TemplateUnfit, NotInReview when it is not the newest draft any more.
    """
    ctx.require(Permission.TEMPLATES_EDIT)
    with ctx.database.begin() as session:
        template = locked(session, template_id)
        version = newest(session, template_id)
        if version.number != number or version.state not in (VersionState.DRAFT, VersionState.RETURNED):
            raise NotInReview()
        findings = findings_of(ctx, session, template, version)
        if blocked(findings):
            raise TemplateUnfit(findings)
        version.state, version.comment = VersionState.REVIEW, ""
        version.submitted_by, version.submitted_at = ctx.actor.user_id, ctx.clock.now()
        version.decided_by = version.decided_at = None
        _touch(ctx, session, "template.submit", template, version)


def withdraw_template(ctx: Context, template_id: int, number: int) -> None:
    """Back to a draft. Raises NotPermitted, TemplateGone, NotInReview."""
    ctx.require(Permission.TEMPLATES_EDIT)
    with ctx.database.begin() as session:
        template, version = _waiting(session, template_id, number)
        version.state = VersionState.DRAFT
        _touch(ctx, session, "template.withdraw", template, version)


def approve_template(ctx: Context, template_id: int, number: int) -> None:
    """From now on campaigns use it. Raises NotPermitted, TemplateGone, NotInReview, OwnTemplate, TemplateUnfit."""
    with ctx.database.begin() as session:
        template, version = _for_checker(ctx, session, template_id, number)
        findings = findings_of(ctx, session, template, version)
        if blocked(findings):
            raise TemplateUnfit(findings)
        version.state = VersionState.APPROVED
        if template.state is TemplateState.DRAFT:
            template.state = TemplateState.ACTIVE
        _decide(ctx, session, "template.approve", template, version)


def return_template(ctx: Context, template_id: int, number: int, comment: str) -> None:
    """Back to its writer. Raises NotPermitted, TemplateGone, NotInReview, OwnTemplate, CommentMissing."""
    comment = comment.strip()
    if not comment:
        raise CommentMissing()
    with ctx.database.begin() as session:
        template, version = _for_checker(ctx, session, template_id, number)
        version.state, version.comment = VersionState.RETURNED, comment
        _decide(ctx, session, "template.return", template, version)


def reviews_waiting(ctx: Context, session: Session) -> int:
    """Versions that this person could decide on now."""
    if Permission.APPROVALS_DECIDE not in ctx.actor.permissions:
        return 0
    me = ctx.actor.user_id
    query = (
        select(func.count())
        .select_from(TemplateVersion)
        .join(Template, Template.id == TemplateVersion.template_id)
        .where(
            TemplateVersion.state == VersionState.REVIEW,
            Template.state != TemplateState.RETIRED,
            or_(TemplateVersion.created_by.is_(None), TemplateVersion.created_by != me),
            TemplateVersion.submitted_by != me,
        )
    )
    return session.scalar(query) or 0


def _for_checker(ctx: Context, session: Session, template_id: int, number: int) -> tuple[Template, TemplateVersion]:
    ctx.require(Permission.APPROVALS_DECIDE)
    template, version = _waiting(session, template_id, number)
    made_by = {version.created_by, version.submitted_by}
    if ctx.actor.user_id in made_by or made_by.issuperset(deciding_for(ctx, session)):
        raise OwnTemplate()
    return template, version


def _waiting(session: Session, template_id: int, number: int) -> tuple[Template, TemplateVersion]:
    template = locked(session, template_id)
    version = newest(session, template_id)
    if version.number != number or version.state is not VersionState.REVIEW:
        raise NotInReview()
    return template, version


def _decide(ctx: Context, session: Session, action: str, template: Template, version: TemplateVersion) -> None:
    version.decided_by, version.decided_at = ctx.actor.user_id, ctx.clock.now()
    _touch(ctx, session, action, template, version)


def _touch(ctx: Context, session: Session, action: str, template: Template, version: TemplateVersion) -> None:
    template.updated_at = ctx.clock.now()
    record(ctx, session, action, template, number=version.number, comment=version.comment)
