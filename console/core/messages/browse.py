"""Reading the template library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from console.core.errors import UserError
from console.core.i18n import T
from console.core.listing import Sort
from console.core.messages.classes import CLASSES
from db.models import Template, TemplateState, TemplateVersion, User

DEFAULT_SORT = Sort("class")
_CLASS_ORDER = {key: place for place, key in enumerate(CLASSES)}


class TemplateGone(UserError):
    def __init__(self) -> None:
        super().__init__(T("This template does not exist any more."), T("Look at the list again."))


@dataclass(frozen=True, kw_only=True)
class TemplateFilter:
    text: str = ""  # part of a name or of the newest text
    class_key: str = ""
    state: str = ""  # a TemplateState; "": all but the retired
    shipped: bool | None = None


@dataclass(frozen=True, kw_only=True)
class TemplateRow:
    id: int
    key: str
    name: str
    class_key: str
    state: TemplateState
    shipped: bool
    number: int  # of the newest version
    body: str  # of the newest version
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    id: int
    number: int
    body: str
    author: str  # display name; "" for a shipped text
    created_at: datetime


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


@dataclass(frozen=True, kw_only=True)
class TemplateChoice:
    """The newest version of an active template, for a picker."""

    template_id: int
    version_id: int
    number: int
    name: str
    class_key: str
    body: str


_NEWEST = (
    select(Template, TemplateVersion)
    .join(TemplateVersion, TemplateVersion.template_id == Template.id)
    .where(
        TemplateVersion.number
        == select(func.max(TemplateVersion.number))
        .where(TemplateVersion.template_id == Template.id)
        .correlate(Template)
        .scalar_subquery()
    )
)


def template_ids(session: Session, filter_: TemplateFilter, sort: Sort = DEFAULT_SORT) -> list[int]:
    """A library has hundreds of texts at most: they are ordered here, classes in their own order."""
    query = _NEWEST
    if filter_.text.strip():
        text = filter_.text.strip()
        query = query.where(
            or_(Template.name.icontains(text, autoescape=True), TemplateVersion.body.icontains(text, autoescape=True))
        )
    if filter_.class_key:
        query = query.where(Template.class_key == filter_.class_key)
    if filter_.state:
        query = query.where(Template.state == TemplateState(filter_.state))
    else:
        query = query.where(Template.state != TemplateState.RETIRED)
    if filter_.shipped is not None:
        query = query.where(Template.shipped.is_(filter_.shipped))
    rows = [_row(template, version) for template, version in session.execute(query)]
    rows.sort(key=lambda row: (_place(row), row.name, row.id))
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
    versions = session.execute(
        select(TemplateVersion, User.display_name)
        .join(User, User.id == TemplateVersion.created_by, isouter=True)
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
        versions=tuple(
            VersionRow(id=v.id, number=v.number, body=v.body, author=name or "", created_at=v.created_at)
            for v, name in versions
        ),
    )


def active_versions(session: Session, class_key: str = "") -> list[TemplateChoice]:
    """What a campaign may use, by class and name."""
    ids = template_ids(session, TemplateFilter(class_key=class_key, state=TemplateState.ACTIVE))
    found = session.execute(_NEWEST.where(Template.id.in_(ids)))
    choices = {
        template.id: TemplateChoice(
            template_id=template.id,
            version_id=version.id,
            number=version.number,
            name=template.name,
            class_key=template.class_key,
            body=version.body,
        )
        for template, version in found
    }
    return [choices[id_] for id_ in ids]


def _row(template: Template, version: TemplateVersion) -> TemplateRow:
    return TemplateRow(
        id=template.id,
        key=template.key,
        name=template.name,
        class_key=template.class_key,
        state=template.state,
        shipped=template.shipped,
        number=version.number,
        body=version.body,
        updated_at=template.updated_at,
    )


def _place(row: TemplateRow) -> int:
    return _CLASS_ORDER.get(row.class_key, len(_CLASS_ORDER))


_SORTS = {
    "name": lambda row: row.name,
    "number": lambda row: row.number,
    "state": lambda row: row.state.value,
    "updated": lambda row: row.updated_at,
}
