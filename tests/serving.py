"""The frame of every HTTP server that a test runs: a thread serves until the end of the block, and ends with it."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer


@contextlib.contextmanager
def serving(server: ThreadingHTTPServer, before_the_end: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Serve until the end of the block.

    Args:
        server: It has its socket already.
        before_the_end: Called first of all at the end, for answers that still wait for something.
    """
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        before_the_end()
        server.shutdown()
        server.server_close()
        thread.join()
