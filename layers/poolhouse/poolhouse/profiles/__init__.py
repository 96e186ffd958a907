"""The profile: model, repository (DynamoDB), what a caller may do with it, and the log of who did what."""

from poolhouse.profiles.audit import AuditLog
from poolhouse.profiles.errors import (
    AccountSuspendedError,
    InsufficientScopeError,
    ProfileError,
    ProfileNotFoundError,
)
from poolhouse.profiles.model import Profile, Status
from poolhouse.profiles.repository import ProfileRepository
from poolhouse.profiles.service import ProfileService

__all__ = [
    "AccountSuspendedError",
    "AuditLog",
    "InsufficientScopeError",
    "Profile",
    "ProfileError",
    "ProfileNotFoundError",
    "ProfileRepository",
    "ProfileService",
    "Status",
]
