"""Read and change a user pool."""

from poolhouse.pools.app_clients import AppClientScopes
from poolhouse.pools.users import Users

__all__ = ["AppClientScopes", "Users"]
