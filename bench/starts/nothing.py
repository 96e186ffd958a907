"""The interpreter alone."""

import time

print(time.monotonic_ns())
