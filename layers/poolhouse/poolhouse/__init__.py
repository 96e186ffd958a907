"""Poolhouse: what belongs beside an Amazon Cognito user pool.

Subpackages are imported by name (``from poolhouse.tokens import CognitoVerifier``); this module imports none of them,
so that a function pays only for what it uses.
"""

__version__ = "0.1.0"
