"""Write a report to a file: whole or not at all, audited before it can be seen."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.errors import EnvironmentTrouble, UserError
from console.core.format import local_datetime
from console.core.i18n import T, tr
from console.core.protection.permits import NoPermit, Permit, digest_of, numbers_line, use
from console.core.reports import requests, workbook
from console.core.reports.requests import CARDS, Request
from console.core.reports.table import Sheet
from console.core.reports.workbook import Heading
from console.core.security.permissions import Permission

Tell = Callable[[int, int], None]  # rows done, rows in all; may raise to stop


@dataclass(frozen=True, kw_only=True)
class Exported:
    path: Path
    rows: int
    digest: str  # SHA-256 of the file, also in the audit trail


def export(
    ctx: Context, request: Request, target: Path, tell: Tell | None = None, *, permit: Permit | None = None
) -> Exported:
    """Write ``request`` to ``target``, replacing an older file at once when the new one is whole.

    Numbers in full need a ``permit``, which is spent. Raises NotPermitted, NoPermit, ListChanged, UserError,
    db.errors, and what ``tell`` raises.
    """
    ctx.require(Permission.REPORTS_EXPORT)
    if request.reveal and permit is None:
        raise NoPermit()
    with replacing(target) as part:
        rows = _write(ctx, request, part, tell or _silent, permit)
        digest = fingerprint(part)
        with ctx.database.begin() as session:
            if permit is not None:
                use(ctx, session, permit)
            ctx.audit(
                session, "report.export", request.subject(), report=request.report.value, file=target.name, rows=rows,
                period=str(request.period or ""), revealed=request.reveal, sha256=digest,
            )  # fmt: skip
    return Exported(path=target, rows=rows, digest=digest)


def export_sheets(
    ctx: Context, made: Sequence[Sheet], title: str, target: Path, about: str, tell: Tell | None = None, **told: object
) -> Path:
    """Write sheets in which no customer stands, whole or not at all; ``about`` and ``told`` go on record.

    The caller has asked for the permission. Raises EnvironmentTrouble, db.errors, and what ``tell`` raises.
    """
    total, say = sum(sheet.total for sheet in made), tell or _silent
    with replacing(target) as part:
        heading = Heading(title=title, lines=_said_by(ctx), author=ctx.actor.name)
        rows = workbook.write_file(part, made, heading, lambda done: say(min(done, total), total))
        with ctx.database.begin() as session:
            ctx.audit(session, "report.export", about, file=target.name, rows=rows, sha256=fingerprint(part), **told)
    return target


def _silent(done: int, total: int) -> None:
    """For callers that do not watch."""


def _write(ctx: Context, request: Request, part: Path, tell: Tell, permit: Permit | None) -> int:
    with ctx.database.read() as session:
        if permit is not None:
            ids = requests.numbers_of(session, request)
            permit.check(digest_of(ids), len(ids))
        heading = _heading(ctx, session, request, permit)
        made = requests.sheets(session, request, ctx.clock)
        total = sum(sheet.total for sheet in made)
        tell(0, total)
        return workbook.write_file(part, made, heading, lambda done: tell(min(done, total), total))


def _heading(ctx: Context, session: Session, request: Request, permit: Permit | None) -> Heading:
    about = requests.about(session, request)
    title = f"{CARDS[request.report].title} · {about}"
    return Heading(title=title, lines=(*_said_by(ctx), numbers_line(permit)), author=ctx.actor.name)


def _said_by(ctx: Context) -> tuple[str, str]:
    by = tr(
        "Exported by {name} ({login}) at {time}",
        name=ctx.actor.name, login=ctx.actor.login, time=local_datetime(ctx.clock.now(), seconds=True),
    )  # fmt: skip
    return f"{ctx.settings.text('bank.signature')} {ctx.settings.text('bank.branch')}", by


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A file beside ``target`` to write to; put in its place at the end, gone when anything fails."""
    part: Path | None = None
    try:
        _require_free(target)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
        os.close(handle)
        part = Path(name)
        yield part
        os.replace(part, target)
    except OSError as error:
        raise _told(error, target) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _require_free(target: Path) -> None:
    """Windows refuses this while Excel has the file open: better now than after a minute of work."""
    if target.exists():
        with target.open("r+b"):
            pass


def _told(error: OSError, target: Path) -> UserError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return EnvironmentTrouble(T("The disk is full."), T("Free some space, or export to another folder."))
    if isinstance(error, PermissionError) and target.exists():
        return EnvironmentTrouble(
            T("The file {name} is open in another program, or protected.", name=target.name),
            T("Close it there and export again, or choose another name."),
        )
    return EnvironmentTrouble(
        T("The folder {folder} cannot be written to.", folder=str(target.parent)), T("Choose another folder.")
    )


def fingerprint(path: Path) -> str:
    """SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
