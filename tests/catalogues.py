"""Keep the translation catalogues: ``catalogues.py`` extracts, merges and compiles; ``--check`` only looks.

The check fails when a source text is missing from a catalogue, is unfinished or fuzzy, uses other parameters than its
source, or when a compiled catalogue is not the one its source makes.
"""

from __future__ import annotations

import ast
import io
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
I18N = ROOT / "resources" / "i18n"
DOMAIN = "branch-sms"
LOCALES = ("zh_CN", "zh_TW")
SINGULAR = {"T", "tr"}


def calls(path: Path) -> Iterator[tuple[int, str | tuple[str, str]]]:
    """Line and source text of each translatable call; refuses a text that no extractor could find."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        wanted = 1 if node.func.id in SINGULAR else 2 if node.func.id == "ntr" else 0
        if not wanted:
            continue
        texts = [a.value for a in node.args[:wanted] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if len(texts) != wanted:
            raise SystemExit(f"{path.relative_to(ROOT)}:{node.lineno}: a text must be one literal string")
        yield node.lineno, texts[0] if wanted == 1 else (texts[0], texts[1])


def extract() -> Catalog:
    catalog = Catalog(domain=DOMAIN, project="branch-sms-console", charset="utf-8")
    own = ROOT / "console" / "core" / "i18n.py"
    plurals: dict[str, str] = {}
    for path in sorted((ROOT / "console").rglob("*.py")):
        if path != own:
            for line, text in calls(path):
                if isinstance(text, tuple) and plurals.setdefault(*text) != text[1]:
                    raise SystemExit(f"{path.relative_to(ROOT)}:{line}: {text[0]!r} has another plural elsewhere")
                catalog.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    return catalog


def catalogue_path(locale: str, ending: str) -> Path:
    return I18N / locale / "LC_MESSAGES" / f"{DOMAIN}.{ending}"


def load(locale: str) -> Catalog:
    path = catalogue_path(locale, "po")
    if not path.exists():
        return Catalog(locale=locale, domain=DOMAIN, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=locale, domain=DOMAIN)


def compiled(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def parameters(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


def findings(locale: str, template: Catalog) -> Iterator[str]:
    catalog = load(locale)
    for message in template:
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        entry = catalog.get(message.id)
        if entry is None:
            yield f"{locale}: missing: {source!r}"
            continue
        texts = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        if entry.fuzzy or not all(texts):
            yield f"{locale}: unfinished: {source!r}"
        elif any(parameters(text) - parameters(source) for text in texts):
            yield f"{locale}: other parameters than its source: {source!r}"
    known = {m.id for m in template}
    yield from (f"{locale}: no longer used: {m.id!r}" for m in catalog if m.id and m.id not in known)
    path = catalogue_path(locale, "mo")
    if not path.exists() or path.read_bytes() != compiled(catalog):
        yield f"{locale}: compiled catalogue is not up to date"


def update() -> None:
    template = extract()
    for locale in LOCALES:
        catalog = load(locale)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalogue_path(locale, "po").parent.mkdir(parents=True, exist_ok=True)
        with catalogue_path(locale, "po").open("wb") as file:
            write_po(file, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)
        catalogue_path(locale, "mo").write_bytes(compiled(load(locale)))


def main(arguments: list[str]) -> int:
    if "--check" not in arguments:
        update()
    template = extract()
    found = [finding for locale in LOCALES for finding in findings(locale, template)]
    print("\n".join(found[:60]) if found else f"{len(template)} texts, complete in {' and '.join(LOCALES)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
