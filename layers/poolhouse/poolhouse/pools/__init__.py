"""Read and change a user pool."""

from poolhouse.pools.app_clients import AppClientScopes

__all__ = ["AppClientScopes"]
