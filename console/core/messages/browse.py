"""Reading the template library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import Session, aliased

from console.core.errors import UserError
from console.core.i18n import T
from console.core.listing import Sort
from console.core.messages.classes import CLASSES
from console.core.messages.variants import Variant, read, said
from db.models import Template, TemplateState, TemplateVersion, User, VersionState

DEFAULT_SORT = Sort("class")
_CLASS_ORDER = {key: place for place, key in enumerate(CLASSES)}


class TemplateGone(UserError):
    def __init__(self) -> None:
        super().__init__(T("This template does not exist any more."), T("Look at the list again."))


@dataclass(frozen=True, kw_only=True)
class TemplateFilter:
    text: str = ""  # part of a name or of the newest texts
    class_key: str = ""
    state: str = ""  # as in TemplateRow; "": all but the retired
    shipped: bool | None = None


@dataclass(frozen=True, kw_only=True)
class TemplateRow:
    id: int
    key: str
    name: str
    class_key: str
    state: str  # retired, or of the newest version: draft, in_review, returned, approved
    shipped: bool
    number: int  # of the newest version
    body: str  # of the newest version
    variants: tuple[Variant, ...]  # of the newest version
    updated_at: datetime

    @property
    def words(self) -> str:
        """What is searched: its name and every text."""
        parts = (self.name, self.body, *(text for each in self.variants for text in (each.name, each.body)))
        return "\n".join(parts).casefold()


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    id: int
    number: int
    body: str
    variants: tuple[Variant, ...]
    state: VersionState
    author_id: int | None
    author: str  # display name; "" for a shipped text
    created_at: datetime
    submitted_by: int | None
    submitted_at: datetime | None
    decider: str  # display name; "" where nobody has decided, and for a shipped text
    decided_at: datetime | None
    comment: str  # of who returned it


@dataclass(frozen=True, kw_only=True)
class TemplateDetail:
    id: int
    key: str
    name: str
    class_key: str
    state: TemplateState
    shipped: bool
    updated_at: datetime
    versions: tuple[VersionRow, ...]  # newest first, at least one

    @property
    def newest(self) -> VersionRow:
        return self.versions[0]

    @property
    def in_force(self) -> VersionRow | None:
        """What campaigns use while the template is not retired."""
        return next((version for version in self.versions if version.state is VersionState.APPROVED), None)


@dataclass(frozen=True, kw_only=True)
class TemplateChoice:
    """The newest approved version of an active template, for a picker."""

    template_id: int
    version_id: int
    number: int
    name: str
    class_key: str
    body: str
    variants: tuple[Variant, ...] = ()

    @property
    def bodies(self) -> tuple[str, ...]:
        return self.body, *(each.body for each in self.variants)


def _newest_number(*, approved: bool) -> ScalarSelect[int]:
    other = aliased(TemplateVersion)
    query: Select[int] = select(func.max(other.number)).where(other.template_id == Template.id)
    if approved:
        query = query.where(other.state == VersionState.APPROVED)
    return query.correlate(Template).scalar_subquery()


_BOTH = select(Template, TemplateVersion).join(TemplateVersion, TemplateVersion.template_id == Template.id)
_NEWEST = _BOTH.where(TemplateVersion.number == _newest_number(approved=False))
_IN_FORCE = _BOTH.where(TemplateVersion.number == _newest_number(approved=True), Template.state == TemplateState.ACTIVE)


def template_ids(session: Session, filter_: TemplateFilter, sort: Sort = DEFAULT_SORT) -> list[int]:
    """A library has hundreds of texts at most: they are ordered here, classes in their own order."""
    query = _NEWEST
    if filter_.class_key:
        query = query.where(Template.class_key == filter_.class_key)
    if filter_.state == TemplateState.RETIRED:
        query = query.where(Template.state == TemplateState.RETIRED)
    else:
        query = query.where(Template.state != TemplateState.RETIRED)
    if filter_.state and filter_.state != TemplateState.RETIRED:
        query = query.where(TemplateVersion.state == VersionState(filter_.state))
    if filter_.shipped is not None:
        query = query.where(Template.shipped.is_(filter_.shipped))
    rows = [_row(template, version) for template, version in session.execute(query)]
    wanted = filter_.text.strip().casefold()
    rows = [row for row in rows if wanted in row.words]
    rows.sort(key=lambda row: (_place(row.class_key), row.name, row.id))
    if sort.key in _SORTS:
        rows.sort(key=_SORTS[sort.key])
    if sort.descending:
        rows.reverse()
    return [row.id for row in rows]


def template_rows(session: Session, ids: Sequence[int]) -> list[TemplateRow]:
    """In the order of ``ids``; those that are gone are left out."""
    found = {
        template.id: _row(template, version)
        for template, version in session.execute(_NEWEST.where(Template.id.in_(ids)))
    }
    return [found[id_] for id_ in ids if id_ in found]


def template_detail(session: Session, template_id: int) -> TemplateDetail:
    """Raises TemplateGone."""
    template = session.get(Template, template_id)
    if template is None:
        raise TemplateGone()
    author, decider = aliased(User), aliased(User)
    versions = session.execute(
        select(TemplateVersion, author.display_name, decider.display_name)
        .join(author, author.id == TemplateVersion.created_by, isouter=True)
        .join(decider, decider.id == TemplateVersion.decided_by, isouter=True)
        .where(TemplateVersion.template_id == template_id)
        .order_by(TemplateVersion.number.desc())
    )
    return TemplateDetail(
        id=template.id,
        key=template.key,
        name=template.name,
        class_key=template.class_key,
        state=template.state,
        shipped=template.shipped,
        updated_at=template.updated_at,
        versions=tuple(_version(session, *row) for row in versions),
    )


def _version(session: Session, version: TemplateVersion, author: str | None, decider: str | None) -> VersionRow:
    return VersionRow(
        id=version.id,
        number=version.number,
        body=version.body,
        variants=said(session, read(version.variants)),
        state=version.state,
        author_id=version.created_by,
        author=author or "",
        created_at=version.created_at,
        submitted_by=version.submitted_by,
        submitted_at=version.submitted_at,
        decider=decider or "",
        decided_at=version.decided_at,
        comment=version.comment,
    )


def active_versions(session: Session, class_key: str = "") -> list[TemplateChoice]:
    """What a campaign may use, by class and name."""
    query = _IN_FORCE.where(Template.class_key == class_key) if class_key else _IN_FORCE
    choices = [
        TemplateChoice(
            template_id=template.id,
            version_id=version.id,
            number=version.number,
            name=template.name,
            class_key=template.class_key,
            body=version.body,
            variants=read(version.variants),
        )
        for template, version in session.execute(query)
    ]
    return sorted(choices, key=lambda each: (_place(each.class_key), each.name, each.template_id))


def _row(template: Template, version: TemplateVersion) -> TemplateRow:
    return TemplateRow(
        id=template.id,
        key=template.key,
        name=template.name,
        class_key=template.class_key,
        state="retired" if template.state is TemplateState.RETIRED else version.state.value,
        shipped=template.shipped,
        number=version.number,
        body=version.body,
        variants=read(version.variants),
        updated_at=template.updated_at,
    )


def _place(class_key: str) -> int:
    return _CLASS_ORDER.get(class_key, len(_CLASS_ORDER))


_SORTS = {
    "name": lambda row: row.name,
    "number": lambda row: row.number,
    "state": lambda row: row.state,
    "updated": lambda row: row.updated_at,
}
