"""The least that any verifier in Python has to do: import RSA from `cryptography` and check one signature."""

import os
import time

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

key = RSAPublicNumbers(65537, int(os.environ["MODULUS"])).public_key()
key.verify(bytes.fromhex(os.environ["SIGNATURE"]), os.environ["SIGNED"].encode(), PKCS1v15(), SHA256())
print(time.monotonic_ns())
