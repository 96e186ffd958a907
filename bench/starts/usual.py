"""Import the usual function and verify one token with it."""

import os
import time

from bench.usual import app

app.authorize(os.environ["TOKEN"])
print(time.monotonic_ns())
