"""How a list is ordered, and which of its columns a person wants to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from db.models import Setting

if TYPE_CHECKING:
    from console.core.context import Context


@dataclass(frozen=True)
class Sort:
    key: str  # the column's key; a list that does not know it uses its own default order
    descending: bool = False


@dataclass(frozen=True)
class Layout:
    """Columns by their keys; one that is in neither is as the list has it."""

    shown: tuple[str, ...] = ()  # from left to right
    hidden: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)  # design pixels, of those that were changed

    def dump(self) -> dict[str, object]:
        return {"shown": list(self.shown), "hidden": list(self.hidden), "widths": dict(self.widths)}

    @staticmethod
    def load(stored: Any) -> Layout:
        """What ``dump`` wrote; what cannot be read, perhaps of another version, is left out."""
        record: dict[str, Any] = stored if isinstance(stored, dict) else {}
        widths = record.get("widths", {})
        sizes = widths.items() if isinstance(widths, dict) else ()
        return Layout(
            shown=tuple(key for key in record.get("shown", ()) if isinstance(key, str)),
            hidden=tuple(key for key in record.get("hidden", ()) if isinstance(key, str)),
            widths={key: size for key, size in sizes if isinstance(size, int) and 0 < size < 5_000},
        )


def load_layout(ctx: Context, name: str) -> Layout | None:
    """How the person left the list ``name``; None: as it came."""
    with ctx.database.read() as session:
        query = select(Setting.value).where(Setting.key == _key(name), Setting.user_id == ctx.actor.user_id)
        stored = session.scalar(query)
    return None if stored is None else Layout.load(stored)


def save_layout(ctx: Context, name: str, layout: Layout | None) -> None:
    """``None`` forgets it. Each person's own, so no right is needed and nothing is audited."""
    with ctx.database.begin() as session:
        mine = Setting.key == _key(name), Setting.user_id == ctx.actor.user_id
        session.execute(delete(Setting).where(*mine))
        if layout is not None:
            row = {"key": _key(name), "user_id": ctx.actor.user_id, "value": layout.dump()}
            session.execute(insert(Setting).values(**row, changed_at=ctx.clock.now()))


def _key(name: str) -> str:
    return f"list.{name}"
