"""The profile: model, repository (DynamoDB), what a caller may do with it, and the log of who did what."""

from poolhouse.profiles.audit import AuditLog, AuditRecord
from poolhouse.profiles.errors import (
    AccountDeletedError,
    AccountSuspendedError,
    ActionNotAllowedError,
    FieldNotSettableError,
    InsufficientScopeError,
    InvalidCursorError,
    InvalidFieldError,
    ProfileDeletedError,
    ProfileError,
    ProfileNotFoundError,
    StaleVersionError,
    UnknownFieldError,
)
from poolhouse.profiles.model import Profile, Status
from poolhouse.profiles.pages import Page
from poolhouse.profiles.repository import ProfileRepository
from poolhouse.profiles.service import ProfileService, Shown

__all__ = [
    "AccountDeletedError",
    "AccountSuspendedError",
    "ActionNotAllowedError",
    "AuditLog",
    "AuditRecord",
    "FieldNotSettableError",
    "InsufficientScopeError",
    "InvalidCursorError",
    "InvalidFieldError",
    "Page",
    "Profile",
    "ProfileDeletedError",
    "ProfileError",
    "ProfileNotFoundError",
    "ProfileRepository",
    "ProfileService",
    "Shown",
    "StaleVersionError",
    "Status",
    "UnknownFieldError",
]
