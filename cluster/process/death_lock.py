"""A lock by which a supervisor knows of a worker's death before the kernel has freed the worker's memory.

A parent is told of the end of a process last of all: freeing its memory comes first, and takes a tenth of a second or
more where it is much and the machine is busy. A robust mutex is given up before: when the thread that holds it has
ended, the kernel marks it and wakes whoever waits (``set_robust_list(2)``). The thread that holds it is the one whose
event loop acts, so nothing acts any more by then. It is the kernel's word, as that of ``waitpid`` is, and no guess; a
thread that is merely silent, frozen or stopped holds its lock.

Linux alone has it; elsewhere, and where anything of it fails, ``waitpid`` is waited for as ever. Loaded by the
supervisor before it starts the worker, so it loads next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "PACING_SUPERVISOR_LOCK"
"""Environment variable: number of the inherited descriptor of the lock's memory."""
_NAME = "pacing-worker-lock"
_BYTES = 4096
_ATTRIBUTES_BYTES = 64
"""More than any C library needs for the attributes of a mutex."""
_PROCESS_SHARED = _ROBUST = 1
"""``PTHREAD_PROCESS_SHARED`` and ``PTHREAD_MUTEX_ROBUST`` of Linux's C libraries."""


def lock_memory() -> int | None:
    """A descriptor of memory for the lock, to be passed to the worker; None where there is none."""
    try:
        descriptor = os.memfd_create(_NAME)
        os.ftruncate(descriptor, _BYTES)
    except (AttributeError, OSError):
        return None
    return descriptor


class DeathLock:
    """The lock, in memory of both processes."""

    def __init__(self, descriptor: int) -> None:
        """Raises OSError or ValueError for a descriptor that is no memory."""
        import ctypes  # noqa: PLC0415 - late: the supervisor loads it once its worker runs
        import mmap  # noqa: PLC0415

        self._library: Any = ctypes.CDLL(None, use_errno=True)
        self._memory = mmap.mmap(descriptor, _BYTES)
        self._mutex = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(self._memory)))
        self._attributes = ctypes.create_string_buffer(_ATTRIBUTES_BYTES)
        self._held = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> DeathLock | None:
        """The lock of this process; None when nobody supervises it, or the descriptor is another's."""
        number = environment.get(VARIABLE, "")
        if not number.isdecimal():
            return None
        try:
            # A process further down inherits the variable without the descriptor.
            if not os.readlink(f"/proc/self/fd/{number}").startswith(f"/memfd:{_NAME}"):  # noqa: PTH115 - see above
                return None
            return cls(int(number))
        except (OSError, ValueError):
            return None

    def hold(self) -> None:
        """Make the lock and take it for this thread, the one that acts, until it ends."""
        import ctypes  # noqa: PLC0415 - as above

        if self._held:
            return
        library, mutex, attributes = self._library, self._mutex, self._attributes
        with contextlib.suppress(AttributeError):  # a C library without it
            self._held = not (
                library.pthread_mutexattr_init(attributes)
                or library.pthread_mutexattr_setpshared(attributes, _PROCESS_SHARED)
                or library.pthread_mutexattr_setrobust(attributes, _ROBUST)
                or library.pthread_mutex_init(mutex, attributes)
                or library.pthread_mutex_trylock(mutex)
            )
        if self._held:
            # Never given back, not even when the interpreter ends: the kernel looks at it after that.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._memory))

    def give_up(self) -> None:
        """The thread that holds it acts no more, and ends in order. Call it from that thread."""
        if self._held:
            self._held = False
            self._library.pthread_mutex_unlock(self._mutex)

    def holder_has_died(self) -> bool:
        """Wait until the lock is free; whether its holder ended without giving it up. Blocks, without the interpreter.

        Only to be called once it is held: what nobody has made is free.
        """
        return bool(self._library.pthread_mutex_lock(self._mutex) == errno.EOWNERDEAD)


async def death_of_holder(descriptor: int) -> None:
    """Return when the thread that holds the lock has died; never when it gives it up, or there is no lock."""
    loop, died = asyncio.get_running_loop(), asyncio.Event()
    own = os.dup(descriptor)  # whoever gave it may close it before the thread has begun

    def wait() -> None:
        # OSError: no memory; AttributeError: no such lock; RuntimeError: nobody listens any more.
        with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
            try:
                lock = DeathLock(own)
            finally:
                os.close(own)
            if lock.holder_has_died():
                loop.call_soon_threadsafe(died.set)

    # The kernel ends the wait with the worker, at the latest; a thread of a pool would be waited for.
    threading.Thread(target=wait, name="death-of-worker", daemon=True).start()
    await died.wait()
