"""What a file really is, whatever its name says, and whether it is safe to open."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from enum import StrEnum

from console.core.errors import UserError
from console.core.format import file_size
from console.core.i18n import T

MAX_FILE = 200 * 2**20
MAX_UNPACKED = 1536 * 2**20  # a sheet of 1,048,576 rows and 30 columns has about 1 GB
MAX_RATIO = 200  # sheets shrink 10 to 40 times, bombs about 1,000 times
MAX_CELLS = 40_000_000
MAX_COLUMNS = 300
_SMALL = 16 * 2**20  # an entry below this harms nobody
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_RESAVE = T("Open it in Excel or WPS and save it as an Excel workbook (.xlsx).")
_DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]{1,3})(\d+)"')


class Kind(StrEnum):
    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    TEXT = "text"


class UnusableFile(UserError):
    """The file cannot be imported as it is."""


def detect(data: bytes) -> Kind:
    """Raises UnusableFile for everything that is no readable table."""
    if not data.strip(b"\0 \r\n\t\xef\xbb\xbf"):
        raise UnusableFile(T("The file is empty."), T("Export it again."))
    if data.startswith(b"PK"):
        return _zip(data)
    if data.startswith(_OLE):
        return _ole(data)
    return _text(data)


def _zip(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            _check_size(data, entries)
            if any(entry.flag_bits & 1 for entry in entries):
                raise protected()
            kind = _zip_kind(archive, names)
            _check_dimensions(archive, names)
            return kind
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise damaged() from error


def _zip_kind(archive: zipfile.ZipFile, names: set[str]) -> Kind:
    if any(name.endswith("vbaProject.bin") for name in names):
        raise UnusableFile(T("This is a workbook with macros; such files are not opened."), _RESAVE)
    if "xl/workbook.xml" in names:
        return Kind.XLSX
    if "xl/workbook.bin" in names:
        return Kind.XLSB
    if "mimetype" in names and archive.read("mimetype").strip() == b"application/vnd.oasis.opendocument.spreadsheet":
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise protected()
        return Kind.ODS
    raise _unknown()


def _check_size(data: bytes, entries: list[zipfile.ZipInfo]) -> None:
    """From the directory of the archive, before anything is unpacked."""
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise _bomb()
    for entry in entries:
        if entry.file_size > _SMALL and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise _bomb()
        if entry.compress_size > 2**20 and entry.file_size < 2 * entry.compress_size:
            _check_honest(data, entry)


def _check_honest(data: bytes, entry: zipfile.ZipInfo) -> None:
    """An entry that claims to hardly shrink may lie about its size: unpack it, but no further than it claims."""
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        return
    head = data[entry.header_offset : entry.header_offset + 30]
    start = entry.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    unpacker.decompress(data[start : start + entry.compress_size], entry.file_size + 1)
    if unpacker.unconsumed_tail:
        raise _bomb()


def _check_dimensions(archive: zipfile.ZipFile, names: set[str]) -> None:
    """A stray cell in the last corner makes every reader reserve memory for the whole sheet."""
    for name in names:
        if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
            continue
        with archive.open(name) as sheet:
            found = _DIMENSION.search(sheet.read(4096))
        if found is not None:
            columns = column_number(found[1].decode())
            if columns * int(found[2]) > MAX_CELLS:
                size = T("A sheet is {rows} rows high and {columns} columns wide.", rows=int(found[2]), columns=columns)
                raise UnusableFile(
                    size,
                    T("Delete what stands far outside the table, or save the table in a file of its own."),
                )


def _ole(data: bytes) -> Kind:
    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") in data

    if holds("EncryptedPackage"):
        raise protected()
    if holds("_VBA_PROJECT_CUR"):
        raise UnusableFile(T("This is a workbook with macros; such files are not opened."), _RESAVE)
    if holds("Workbook") or holds("Book"):
        return Kind.XLS
    raise _unknown()


def _text(data: bytes) -> Kind:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<head", b"<style")):
        raise UnusableFile(T("This is a web page that was named like a workbook."), _RESAVE)
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unknown()
    if head.startswith((b"%pdf", b"{\\rtf", b"\x89png", b"gif8", b"\xff\xd8\xff")):
        raise _unknown()
    return Kind.TEXT


def column_number(letters: str) -> int:
    """A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def too_big(size: int) -> UnusableFile:
    return UnusableFile(
        T("The file has {size}; at most {limit} can be read.", size=file_size(size), limit=file_size(MAX_FILE)),
        T("Split it, or save only the sheet with the customers."),
    )


def _bomb() -> UnusableFile:
    return UnusableFile(
        T("The file unpacks to far more than a list of customers can have; it was not opened."),
        T("Ask where it comes from, and save the table again as a new workbook."),
    )


def protected() -> UnusableFile:
    return UnusableFile(
        T("The file is protected by a password."),
        T("Open it in Excel or WPS, save it without the password, and try again."),
    )


def damaged() -> UnusableFile:
    return UnusableFile(T("The file is damaged."), T("Copy or export it again."))


def _unknown() -> UnusableFile:
    return UnusableFile(
        T("This is no table: only Excel workbooks (.xlsx, .xls), .ods, .csv and .tsv can be imported."), _RESAVE
    )


def unreadable(why: str) -> UnusableFile:
    return UnusableFile(T("The file cannot be read: {why}", why=why), _RESAVE)
