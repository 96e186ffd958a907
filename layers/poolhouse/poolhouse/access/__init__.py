"""Roles, permissions and field visibility: one policy file, read once.

Example:
    >>> from poolhouse.access import Principal, default_policy
    >>> caller = Principal("a1", "web", "user", frozenset({"support"}), frozenset({"profiles/read.any"}))
    >>> default_policy().permits(caller, "profiles/read.any")
    True
    >>> default_policy().permits(caller, "profiles/write.any")
    False
"""

from poolhouse.access.policy import Action, Field, Needs, Policy, PolicyError, Role, default_policy
from poolhouse.access.principal import Principal

__all__ = ["Action", "Field", "Needs", "Policy", "PolicyError", "Principal", "Role", "default_policy"]
