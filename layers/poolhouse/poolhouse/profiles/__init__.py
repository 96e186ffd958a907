"""The profile: model, repository (DynamoDB), and what a caller may do with it."""

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
    "InsufficientScopeError",
    "Profile",
    "ProfileError",
    "ProfileNotFoundError",
    "ProfileRepository",
    "ProfileService",
    "Status",
]
