"""A folder into which another system puts files: each is imported once, when it is whole, and moved away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path

from sqlalchemy import select

from console.core.context import Context
from console.core.customers import importing
from console.core.customers.importing import Book, Choices, ImportResult
from console.core.customers.imports import ImportUnderway
from console.core.customers.workbook import FILE_TYPES
from console.core.errors import EnvironmentTrouble, UserError
from console.core.format import count, local_datetime
from console.core.i18n import T, sentences, tr
from db.errors import DatabaseBusy
from db.models import ImportBatch, ImportState

DONE, FAILED, RESULTS = "done", "failed", "results.txt"
_PARTIAL = ("~$*", ".*", "*.part", "*.tmp", "*.crdownload", "*.filepart")  # names of files that are still written
_TAKEN = (ImportState.APPLYING, ImportState.DONE)
Footprint = tuple[int, int]  # size in bytes, time of the last change in nanoseconds


class Outcome(StrEnum):
    IMPORTED = "imported"
    PARTLY = "partly"  # some rows stand in the error workbook
    KNOWN = "known"  # the very same file was imported before
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Handled:
    file_name: str
    outcome: Outcome
    words: str  # what came of it, in one line


def whole(now: Mapping[Path, Footprint], before: Mapping[Path, Footprint]) -> list[Path]:
    """Files that have not changed since the last look, the oldest first."""
    same = [path for path, footprint in now.items() if footprint[0] and before.get(path) == footprint]
    return sorted(same, key=lambda path: (now[path][1], path.name))


class FolderWatch:
    """``look`` is called every few seconds, or twice by a scheduler."""

    def __init__(self, ctx: Context, folder: Path, *, force: bool = False, confirmed: bool = False) -> None:
        """``force`` imports a file again that was imported before; ``confirmed`` also one whose totals differ."""
        self._ctx, self._folder, self._force, self._confirmed = ctx, folder, force, confirmed
        self._before: dict[Path, Footprint] = {}

    def look(self) -> list[Handled]:
        """Import what has become whole. Raises EnvironmentTrouble, db.errors; the files stay where they are then."""
        now = self._files()
        ready = whole(now, self._before)
        self._before = now
        return [handled for path in ready if (handled := self._handle(path)) is not None]

    def _files(self) -> dict[Path, Footprint]:
        try:
            found = [path for path in self._folder.iterdir() if _is_table(path)]
            return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in found}
        except OSError as error:
            raise EnvironmentTrouble(
                T("The folder {folder} cannot be read.", folder=str(self._folder)),
                T("Check that it is there and that this account may read it."),
            ) from error

    def _handle(self, path: Path) -> Handled | None:
        """None: it has to wait, because something else is being written."""
        try:
            handled = self._known(path) or self._bring(path)
        except (ImportUnderway, DatabaseBusy, importing.Outdated):
            return None
        except EnvironmentTrouble:
            raise
        except UserError as error:
            words = sentences(error.message, error.hint)
            handled = Handled(file_name=path.name, outcome=Outcome.FAILED, words=words)
        good = handled.outcome in (Outcome.IMPORTED, Outcome.KNOWN)
        _moved(path, self._folder / (DONE if good else FAILED))
        self._note(handled)
        return handled

    def _known(self, path: Path) -> Handled | None:
        if self._force:
            return None
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        query = select(ImportBatch.id, ImportBatch.created_at).where(
            ImportBatch.file_digest == digest, ImportBatch.state.in_(_TAKEN)
        )
        with self._ctx.database.read() as session:
            found = session.execute(query.limit(1)).first()
        if found is None:
            return None
        when = local_datetime(found.created_at)
        words = tr("the very same file was imported at {time}; nothing was done", time=when)
        return Handled(file_name=path.name, outcome=Outcome.KNOWN, words=words)

    def _bring(self, path: Path) -> Handled:
        ctx, sheet = self._ctx, Book(path).sheet()
        found = importing.proposal(ctx, sheet)
        today = ctx.clock.now().astimezone().date()
        checked = importing.check(sheet, found.mapping, today=today, extra=found.extra)
        if not checked.valid:
            self._save_errors(path, lambda to: importing.write_error_workbook(sheet, checked.invalid, to))
        result = importing.commit(ctx, checked, choices=Choices(source=found.source, confirmed=self._confirmed))
        bad = (*checked.invalid, *result.refused)
        if bad:
            self._save_errors(path, lambda to: importing.write_error_workbook(sheet, bad, to))
        outcome = Outcome.PARTLY if bad else Outcome.IMPORTED
        return Handled(file_name=path.name, outcome=outcome, words=_words(result))

    def _save_errors(self, path: Path, write: Callable[[Path], int]) -> None:
        folder = self._folder / FAILED
        folder.mkdir(exist_ok=True)
        write(_free(folder / tr("{file} - to correct.xlsx", file=path.stem)))

    def _note(self, handled: Handled) -> None:
        line = "\t".join(
            (local_datetime(self._ctx.clock.now()), handled.outcome.value, handled.file_name, handled.words)
        )
        with (self._folder / RESULTS).open("a", encoding="utf-8") as file:
            file.write(line.replace("\n", " ") + "\n")


def _is_table(path: Path) -> bool:
    name = path.name.casefold()
    if any(fnmatch(name, pattern) for pattern in _PARTIAL) or name == RESULTS:
        return False
    return any(fnmatch(name, pattern) for pattern in FILE_TYPES) and path.is_file()


def _moved(path: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    path.replace(_free(folder / path.name))


def _free(path: Path) -> Path:
    """The path itself, or one beside it that is not taken."""
    if not path.exists():
        return path
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    return path.with_name(f"{path.stem} {stamp}{path.suffix}")


def _words(result: ImportResult) -> str:
    return tr(
        "import {n}: {added} added, {updated} updated, {unchanged} unchanged, {invalid} invalid, {repeated} repeated",
        n=result.import_id,
        added=count(result.added),
        updated=count(result.updated),
        unchanged=count(result.unchanged),
        invalid=count(result.invalid),
        repeated=count(result.duplicates),
    )
