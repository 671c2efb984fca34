"""The lock for which a fork waits: a child process would wait for locks of threads that it does not have."""

import os
import threading

# Held while a spec is read, models are imported, and answers are decoded: imports have locks, and so has each
# `cached_property` of Python 3.11. A fork waits until no thread is inside.
loading = threading.RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=loading.acquire, after_in_parent=loading.release, after_in_child=loading.release)
