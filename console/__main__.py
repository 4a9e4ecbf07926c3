"""The command line. Without a verb it opens the window; nothing that a verb does not need is loaded for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from typing import TypeAlias

DISTRIBUTION = "branch-sms-console"
Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

# Programs of their own, with arguments of their own: the first word hands over to them.
HANDED_ON = {"dispatch": "console.headless", "emulate": "gsm.emulator.__main__"}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 not done (and one line says why), 2 wrong usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in HANDED_ON:
        handed: int | None = import_module(HANDED_ON[words[0]]).main(words[1:])
        return handed or 0
    parsed = _parser().parse_args(words)
    module, _, function = parsed.runs.partition(":")
    try:
        _speak()
        code: int = getattr(import_module(f"console.verbs.{module}"), function or "run")(parsed)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        trouble = import_module("console.core.trouble").as_user_error(error)
        if trouble is None:
            raise
        if sys.stderr is not None:
            print(import_module("console.core.i18n").sentences(trouble.message, trouble.hint), file=sys.stderr)
        return 1
    return code


def _speak() -> None:
    i18n, here = import_module("console.core.i18n"), import_module("console.core.workstation").load()
    i18n.use_language(i18n.system_language() if here.language == "system" else here.language)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="branch-sms", description="Branch SMS Console: without a verb, the window opens."
    )
    parser.add_argument("--version", action="version", version=f"branch-sms {metadata.version(DISTRIBUTION)}")
    parser.add_argument("--database", metavar="URL", default="", help="another database than this workstation's own")
    parser.set_defaults(runs="window")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    demo = _verb(verbs, "demo", "window:run_demo", "try everything on made-up customers and an emulated modem")
    demo.add_argument("--until", choices=("login", "window"), help="end when it stands, and say how long it took")
    demo.add_argument("--keep", action="store_true", help="leave the demo's folder behind")
    verbs.add_parser("dispatch", help="send what is waiting, without a window", add_help=False)
    verbs.add_parser("emulate", help="run the emulated modem by itself", add_help=False)
    _verbs_over_files(verbs)
    _logging_in(_verb(verbs, "verify-audit", "verify_audit", "check that nobody changed the audit trail"))
    doctor = _verb(verbs, "doctor", "doctor", "say how this installation and its modems are doing")
    doctor.add_argument("--address", metavar="ADDRESS", help="look at the modem at this port or socket:// address only")
    doctor.add_argument("--balance", action="store_true", help="ask the network for each SIM card's balance as well")
    _logging_in(doctor)
    return parser


def _verbs_over_files(verbs: Verbs) -> None:
    importing = _verb(verbs, "import", "importing", "import customers from a file, or from each that comes to a folder")
    importing.add_argument("file", nargs="?", default="")
    importing.add_argument("--watch", metavar="FOLDER", help="import every file that is put there, and move it away")
    importing.add_argument("--interval", type=float, default=10.0, metavar="SECONDS", help="between two looks (10)")
    importing.add_argument("--once", action="store_true", help="look twice and end: for a scheduler")
    importing.add_argument("--force", action="store_true", help="also a file that was imported before")
    importing.add_argument("--accept-totals", action="store_true", help="although its control totals differ")
    importing.add_argument("--secret-file", metavar="FILE", help="a service secret instead of the password of --login")
    importing.add_argument("--errors", metavar="FILE", help="where rows that cannot be used go, as .xlsx")
    importing.add_argument("--check", action="store_true", help="look only; change nothing")
    _logging_in(importing)
    exporting = _verb(verbs, "export", "exporting", "write a campaign's summary and details as .xlsx")
    exporting.add_argument("campaign", type=int, help="its number")
    exporting.add_argument("file")
    exporting.add_argument("--full-numbers", metavar="REASON", help="ask a supervisor for phone numbers in full")
    exporting.add_argument("--approval", type=int, metavar="N", help="write what was approved as request N, once")
    _logging_in(exporting)
    backup = _verb(verbs, "backup", "backup", "write an encrypted copy of the database with its key file")
    backup.add_argument("folder")
    _logging_in(backup)
    keeping = _verb(verbs, "retention", "retention", "say what is older than its time of keeping")
    keeping.add_argument("--run", action="store_true", help="let it go now")
    _logging_in(keeping)
    move = _verb(verbs, "move", "move", "move this workstation's database to a PostgreSQL server, checked")
    move.add_argument("--to", metavar="URL", required=True, help="an empty database: postgresql://user@server/name")
    move.add_argument(
        "--take-back", action="store_true", help="after an interruption: work here again, if none arrived"
    )
    move.add_argument("--to-password-file", metavar="FILE", help="else PGPASSWORD, the .pgpass file, or asked for")
    _logging_in(move)
    service = _verb(verbs, "service-secret", "service", "write the file that lets dispatch start without a person")
    service.add_argument("file")
    _logging_in(service)


def _verb(verbs: Verbs, name: str, runs: str, words: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=words, description=words)
    parser.set_defaults(runs=runs)
    parser.add_argument("--database", metavar="URL", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _logging_in(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--login", default="", help="who does it; the last one who logged in here when left out")
    parser.add_argument("--password-file", metavar="FILE", help="else the password is asked for, or read from a pipe")


if __name__ == "__main__":
    sys.exit(main())
