"""Figures of a period and of a campaign, shown on the screen and written as Excel workbooks.

``openpyxl`` is loaded by ``console.core.reports.workbook`` alone, and that by the first export.
"""
