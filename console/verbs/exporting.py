"""``branch-sms export CAMPAIGN FILE``: a campaign's summary and details as a workbook."""

from __future__ import annotations

import argparse
from pathlib import Path

from console.core.format import count
from console.core.i18n import tr
from console.core.reports import run as reports
from console.core.reports.requests import Report, Request
from console.verbs.common import logged_in, report_progress, say


def run(parsed: argparse.Namespace) -> int:
    request = Request(report=Report.CAMPAIGN, campaign_id=parsed.campaign, reveal=parsed.full_numbers)
    with logged_in(parsed) as context:
        done = reports.export(context, request, Path(parsed.file), report_progress)
    say(tr("{file}: {n} rows", file=str(done.path), n=count(done.rows)))
    return 0
