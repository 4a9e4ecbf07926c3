"""Fields that the administrator made up."""

from __future__ import annotations

import pytest

from console.core.context import Context
from console.core.customers.fields import (
    Field,
    FieldRefused,
    clean,
    fields,
    move_field,
    retire_field,
    save_field,
    shown,
)
from console.core.customers.normalise import Refused
from console.core.errors import NotPermitted
from db.models import FieldKind


def _titles(ctx: Context) -> list[str]:
    with ctx.database.read() as session:
        return [field.title for field in fields(session)]


@pytest.mark.parametrize(
    ("kind", "cell", "stored"),
    [
        (FieldKind.TEXT, " ＶＩＰ ", "VIP"),
        (FieldKind.TEXT, "", None),
        (FieldKind.NUMBER, "1,200", 1200),
        (FieldKind.NUMBER, 3.5, 3.5),
        (FieldKind.DATE, "2026年11月3日", "2026-11-03"),
        (FieldKind.CHOICE, "金", "金"),
        (FieldKind.FLAG, "是", True),
        (FieldKind.FLAG, "no", False),
    ],
)
def test_cells_become_values(kind: FieldKind, cell: object, stored: object) -> None:
    assert clean(Field(key="f1", title="x", kind=kind, choices=("金", "银")), cell) == stored


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (FieldKind.TEXT, "x" * 201),
        (FieldKind.NUMBER, "many"),
        (FieldKind.NUMBER, "NaN"),
        (FieldKind.DATE, "2026-02-30"),
        (FieldKind.CHOICE, "铜"),
        (FieldKind.FLAG, "perhaps"),
    ],
)
def test_what_is_none_is_refused(kind: FieldKind, cell: object) -> None:
    assert isinstance(clean(Field(key="f1", title="x", kind=kind, choices=("金", "银")), cell), Refused)


def test_values_in_words() -> None:
    assert shown(Field(key="f", title="x", kind=FieldKind.NUMBER), 1200) == "1,200"
    assert shown(Field(key="f", title="x", kind=FieldKind.FLAG), False) == "no"
    assert shown(Field(key="f", title="x", kind=FieldKind.DATE), "2026-11-03") == "2026-11-03"
    assert shown(Field(key="f", title="x", kind=FieldKind.TEXT), None) == ""


def test_declaring_changing_ordering_and_retiring(admin_ctx: Context) -> None:
    first = save_field(admin_ctx, Field(key="", title="职业", kind=FieldKind.TEXT))
    second = save_field(admin_ctx, Field(key="", title="等级", kind=FieldKind.CHOICE, choices=("金", "银", "金")))
    assert (first, second) == ("f1", "f2")
    move_field(admin_ctx, second, -1)
    assert _titles(admin_ctx) == ["等级", "职业"]
    move_field(admin_ctx, second, -1)  # it is the first already
    save_field(admin_ctx, Field(key=first, title="行业", kind=FieldKind.DATE))
    retire_field(admin_ctx, second, retired=True)
    assert _titles(admin_ctx) == ["行业"]
    with admin_ctx.database.read() as session:
        everything = {field.key: field for field in fields(session, retired=True)}
    assert everything[first].kind is FieldKind.TEXT  # its kind stays
    assert everything[second].choices == ("金", "银")
    retire_field(admin_ctx, second, retired=False)
    assert _titles(admin_ctx) == ["等级", "行业"]


def test_declarations_that_cannot_stand(admin_ctx: Context, ctx: Context) -> None:
    save_field(admin_ctx, Field(key="", title="职业", kind=FieldKind.TEXT))
    for wrong in (
        Field(key="", title=" ", kind=FieldKind.TEXT),
        Field(key="", title="x" * 41, kind=FieldKind.TEXT),
        Field(key="", title="职业", kind=FieldKind.TEXT),
        Field(key="", title="等级", kind=FieldKind.CHOICE, choices=("金",)),
        Field(key="f9", title="none", kind=FieldKind.TEXT),
    ):
        with pytest.raises(FieldRefused):
            save_field(admin_ctx, wrong)
    with pytest.raises(NotPermitted):
        save_field(ctx, Field(key="", title="爱好", kind=FieldKind.TEXT))
    with pytest.raises(NotPermitted):
        retire_field(ctx, "f1", retired=True)
