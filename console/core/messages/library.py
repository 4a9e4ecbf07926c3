"""The template library in one place: the shipped texts, reading, and writing."""

from __future__ import annotations

from console.core.messages.browse import (
    DEFAULT_SORT,
    TemplateChoice,
    TemplateDetail,
    TemplateFilter,
    TemplateGone,
    TemplateRow,
    VersionRow,
    active_versions,
    template_detail,
    template_ids,
    template_rows,
)
from console.core.messages.editing import (
    Saved,
    TemplateChanged,
    TemplateUnfit,
    TemplateUnnamed,
    copy_template,
    restore_template,
    retire_template,
    save_template,
)
from console.core.messages.shipped import ship_templates, shipped_texts

__all__ = [
    "DEFAULT_SORT", "Saved", "TemplateChanged", "TemplateChoice", "TemplateDetail", "TemplateFilter", "TemplateGone",
    "TemplateRow", "TemplateUnfit", "TemplateUnnamed", "VersionRow", "active_versions", "copy_template",
    "restore_template", "retire_template", "save_template", "ship_templates", "shipped_texts", "template_detail",
    "template_ids", "template_rows",
]  # fmt: skip
