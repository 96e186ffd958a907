"""Import PyJWT and verify one token, with the key from the environment or from the key endpoint."""

import json
import os
import time

import jwt

if "JWKS" in os.environ:
    key = jwt.PyJWK(json.loads(os.environ["JWKS"])["keys"][0])
else:
    key = jwt.PyJWKClient(os.environ["JWKS_URL"]).get_signing_key_from_jwt(os.environ["TOKEN"])
jwt.decode(os.environ["TOKEN"], key, algorithms=["RS256"], issuer=os.environ["ISSUER"])
print(time.monotonic_ns())
