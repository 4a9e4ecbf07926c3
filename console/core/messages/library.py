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
from console.core.messages.review import (
    CommentMissing,
    NotInReview,
    OwnTemplate,
    approve_template,
    return_template,
    reviews_waiting,
    submit_template,
    withdraw_template,
)
from console.core.messages.shipped import Offer, offers, ship_templates, shipped_texts, take_shipped

__all__ = [
    "DEFAULT_SORT",
    "CommentMissing",
    "NotInReview",
    "Offer",
    "OwnTemplate",
    "Saved",
    "TemplateChanged",
    "TemplateChoice",
    "TemplateDetail",
    "TemplateFilter",
    "TemplateGone",
    "TemplateRow",
    "TemplateUnfit",
    "TemplateUnnamed",
    "VersionRow",
    "active_versions",
    "approve_template",
    "copy_template",
    "offers",
    "restore_template",
    "retire_template",
    "return_template",
    "reviews_waiting",
    "save_template",
    "ship_templates",
    "shipped_texts",
    "submit_template",
    "take_shipped",
    "template_detail",
    "template_ids",
    "template_rows",
    "withdraw_template",
]  # fmt: skip
