"""Import Poolhouse's verifier and verify one token."""

import json
import os
import time

from poolhouse.tokens import CognitoVerifier

jwks = os.environ.get("JWKS")
verifier = CognitoVerifier(
    os.environ["USER_POOL_ID"],
    os.environ["CLIENT_IDS"],
    "access",
    jwks=json.loads(jwks) if jwks else None,
    jwks_url=os.environ["JWKS_URL"],
)
verifier.verify(os.environ["TOKEN"])
print(time.monotonic_ns())
