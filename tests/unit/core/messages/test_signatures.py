from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.messages.signatures import (
    SignatureRow,
    UnusableSignature,
    check_signature,
    retire_signature,
    save_signature,
    signature_findings,
    signature_rows,
)
from db.models import AuditEntry

TODAY = date(2026, 11, 23)


def row(valid_until: date | None = None, *, retired: bool = False) -> SignatureRow:
    return SignatureRow(
        id=1,
        text="示例银行",
        holder="示例银行股份有限公司",
        registration="A-1",
        valid_until=valid_until,
        retired=retired,
    )


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], []),
        ([row()], []),
        ([row(date(2026, 12, 24))], []),
        ([row(date(2026, 12, 23))], [("warn", "signature.expiring")]),
        ([row(TODAY)], [("warn", "signature.expiring")]),
        ([row(date(2026, 11, 22))], [("block", "signature.expired")]),
        ([row(retired=True)], [("block", "signature.retired")]),
    ],
)
def test_what_stands_in_the_register_decides(rows: list[SignatureRow], found: list[tuple[str, str]]) -> None:
    assert [(each.level.value, each.rule) for each in check_signature(rows, "示例银行", TODAY)] == found


def test_an_unknown_signature_is_worth_a_look() -> None:
    assert [each.rule for each in check_signature([row()], "别的银行", TODAY)] == ["signature.unregistered"]


def test_the_register_is_kept_by_administrators_and_audited(ctx: Context, admin_ctx: Context) -> None:
    given = {"text": "示例银行", "holder": "示例银行股份有限公司", "registration": "A-1", "valid_until": TODAY}
    with pytest.raises(NotPermitted):
        save_signature(ctx, **given)  # type: ignore[arg-type]
    id_ = save_signature(admin_ctx, **given)  # type: ignore[arg-type]
    with pytest.raises(UnusableSignature):
        save_signature(admin_ctx, **given)  # type: ignore[arg-type]
    save_signature(admin_ctx, signature_id=id_, **(given | {"valid_until": None}))  # type: ignore[arg-type]
    retire_signature(admin_ctx, id_)
    with admin_ctx.database.read() as session:
        assert signature_rows(session) == [row(retired=True)]
        assert [each.rule for each in signature_findings(session, "示例银行", TODAY)] == ["signature.retired"]
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["signature.save", "signature.save", "signature.retire"]


@pytest.mark.parametrize(
    "change", [{"text": "行"}, {"text": "【示例】"}, {"holder": " "}, {"registration": ""}, {"registration": "1" * 61}]
)
def test_what_no_carrier_would_register_is_refused(admin_ctx: Context, change: dict[str, str]) -> None:
    given = {"text": "示例银行", "holder": "示例银行", "registration": "A-1", "valid_until": None}
    with pytest.raises(UnusableSignature):
        save_signature(admin_ctx, **(given | change))  # type: ignore[arg-type]
