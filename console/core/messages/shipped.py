"""The standard texts that travel with the program."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

import resources
from console.core.clock import Clock
from console.core.context import Context
from console.core.i18n import T, Text
from console.core.messages.editing import save_template
from console.core.security.permissions import Permission
from db.models import Template, TemplateState, TemplateVersion, VersionState


class ShippedText(NamedTuple):
    key: str
    class_key: str
    name: str
    body: str


@cache
def shipped_texts(language: str = "zh_CN") -> tuple[ShippedText, ...]:
    """``language`` is the script of the texts: zh_CN or zh_TW."""
    library = json.loads(resources.path("templates", "library.json").read_text("utf-8"))
    return tuple(
        ShippedText(entry["key"], entry["class"], entry[language]["name"], entry[language]["body"])
        for entry in library["templates"]
    )


SCRIPTS: Mapping[str, Text] = {"zh_CN": T("Simplified Chinese"), "zh_TW": T("Traditional Chinese")}


def script_of(language: str) -> str:
    """In which script somebody who reads the program in ``language`` is offered the texts."""
    return language if language in SCRIPTS else "zh_CN"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A shipped text in one script."""

    key: str
    class_key: str
    name: str
    body: str
    there: bool  # some template of the office has this very text


def offers(ctx: Context, script: str) -> list[Offer]:
    ctx.require(Permission.TEMPLATES_VIEW)
    with ctx.database.read() as session:
        query = select(Template.class_key, TemplateVersion.body).join(TemplateVersion)
        there = {(class_key, body) for class_key, body in session.execute(query)}
    return [
        Offer(key=key, class_key=class_key, name=name, body=body, there=(class_key, body) in there)
        for key, class_key, name, body in shipped_texts(script)
    ]


def take_shipped(ctx: Context, keys: Collection[str], script: str, progress: Callable[[int, int], None]) -> int:
    """Those texts as drafts of the office; how many. A text that is there already is left out."""
    wanted = [offer for offer in offers(ctx, script) if offer.key in keys and not offer.there]
    for done, offer in enumerate(wanted, 1):
        save_template(ctx, name=offer.name, class_key=offer.class_key, body=offer.body)
        progress(done, len(wanted))
    return len(wanted)


def ship_templates(session: Session, clock: Clock, language: str = "zh_CN") -> int:
    """Put in what the library lacks; returns how many texts are new.

    A text that a newer program words differently becomes a new version, unless the office has written its own since.
    """
    now = clock.now()
    known = {template.key: template.id for template in session.scalars(select(Template).where(Template.shipped))}
    new = 0
    for text in shipped_texts(language):
        template_id = known.get(text.key)
        if template_id is None:
            template = insert(Template).values(
                key=text.key,
                name=text.name,
                class_key=text.class_key,
                state=TemplateState.ACTIVE,
                shipped=True,
                updated_at=now,
            )
            template_id = session.scalars(template.returning(Template.id)).one()
            number = 1
        else:
            newest = _newest(session, template_id)
            if newest.created_by is not None or newest.body == text.body:
                continue
            number = newest.number + 1
        version = insert(TemplateVersion).values(
            template_id=template_id,
            number=number,
            body=text.body,
            state=VersionState.APPROVED,
            created_at=now,
            decided_at=now,
        )
        session.execute(version)
        new += 1
    return new


def _newest(session: Session, template_id: int) -> TemplateVersion:
    query = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    return session.scalars(query.order_by(TemplateVersion.number.desc()).limit(1)).one()
