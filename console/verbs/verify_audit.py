"""``branch-sms verify-audit``: exit code 0 when trail and records are whole, 1 when somebody touched them."""

from __future__ import annotations

import argparse

from console.core.audit.checking import explained, verify_trail
from console.verbs.common import logged_in, report_progress, say


def run(parsed: argparse.Namespace) -> int:
    with logged_in(parsed) as context:
        check = verify_trail(context, report_progress)
    say(str(explained(check)))
    return 0 if check.whole else 1
