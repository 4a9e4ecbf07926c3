"""``branch-sms export CAMPAIGN FILE``: a campaign's summary and details as a workbook.

With ``--full-numbers REASON`` nothing is written: a supervisor is asked, and the number of the request is printed.
With ``--approval N`` what was approved under that number is written, once.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from console.core.format import count
from console.core.i18n import tr
from console.core.protection.requests import ask_for_report, write
from console.core.reports import run as reports
from console.core.reports.requests import Report, Request
from console.verbs.common import logged_in, report_progress, say


def run(parsed: argparse.Namespace) -> int:
    request = Request(report=Report.CAMPAIGN, campaign_id=parsed.campaign)
    target = Path(parsed.file)
    with logged_in(parsed) as context:
        if parsed.full_numbers:
            asked = ask_for_report(context, request, parsed.full_numbers)
            say(tr("Request {n} waits for a supervisor; nothing was written.", n=asked))
            return 0
        if parsed.approval:
            rows = write(context, parsed.approval, target, report_progress)
        else:
            rows = reports.export(context, request, target, report_progress).rows
    say(tr("{file}: {n} rows", file=str(target), n=count(rows)))
    return 0
