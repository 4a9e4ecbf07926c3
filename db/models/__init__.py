"""Every table, so that one import fills the metadata."""

from db.models.bulk import BulkBefore, BulkEdit, BulkState
from db.models.campaigns import Campaign, CampaignState, Decision, Exclusion
from db.models.checks import Discrepancy, DiscrepancyKind, Reconciliation, Resend
from db.models.customers import (
    Circumstance,
    CircumstanceKind,
    Consent,
    Contact,
    ContactKind,
    Customer,
    CustomerPhone,
    CustomField,
    FieldKind,
    Instalment,
    Loan,
    LoanState,
    Suppression,
)
from db.models.findings import BatchFinding
from db.models.imports import (
    ChangeKind,
    ImportBatch,
    ImportChange,
    ImportedCustomer,
    ImportedLoan,
    ImportErrors,
    ImportMapping,
    ImportState,
    StagedInstalment,
    StagedRow,
)
from db.models.lines import Control, Dispatcher, Line, LineState, Secret, Setting
from db.models.outbox import (
    Batch,
    BatchFlow,
    BatchKind,
    BatchState,
    InboundMessage,
    Message,
    MessagePart,
    MessageState,
    PartState,
    Receipt,
)
from db.models.people import AuditEntry, AuditHead, Delegation, User
from db.models.protection import (
    ErasedRefusal,
    Erasure,
    ExportRequest,
    MoveMark,
    MoveState,
    RequestState,
    RetentionRule,
)
from db.models.rules import RulePack, RulePackState
from db.models.segments import Segment, SegmentLoan, SegmentMember, SegmentPin, SegmentVersion
from db.models.series import HoldOut, RunState, Series, SeriesRun, SeriesState
from db.models.templates import Signature, Template, TemplateState, TemplateVersion, VersionState

__all__ = [
    "AuditEntry", "AuditHead", "Batch", "BatchFinding", "BatchFlow", "BatchKind", "BatchState", "BulkBefore",
    "BulkEdit", "BulkState", "Campaign", "CampaignState", "ChangeKind", "Circumstance", "CircumstanceKind",
    "Consent", "Contact", "ContactKind", "Control", "CustomField", "Customer", "CustomerPhone", "Decision",
    "Delegation", "Discrepancy", "DiscrepancyKind", "Dispatcher", "ErasedRefusal", "Erasure", "Exclusion",
    "ExportRequest", "FieldKind", "HoldOut", "ImportBatch", "ImportChange", "ImportErrors", "ImportMapping",
    "ImportState", "ImportedCustomer", "ImportedLoan", "InboundMessage", "Instalment", "Line", "LineState", "Loan",
    "LoanState", "Message", "MessagePart", "MessageState", "MoveMark", "MoveState", "PartState", "Receipt",
    "Reconciliation", "RequestState", "Resend", "RetentionRule", "RulePack", "RulePackState", "RunState", "Secret",
    "Segment", "SegmentLoan", "SegmentMember", "SegmentPin", "SegmentVersion", "Series", "SeriesRun", "SeriesState",
    "Setting", "Signature", "StagedInstalment", "StagedRow", "Suppression", "Template", "TemplateState",
    "TemplateVersion", "User", "VersionState",
]  # fmt: skip
