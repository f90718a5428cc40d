"""How commands end: the exit codes that no error carries, and what Ctrl-C asks of a server.

Imports nothing heavy: it is met during start-up.
"""

from __future__ import annotations

from collections.abc import Callable

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it
EXIT_LIMIT_PASSED = 5
_stoppers: list[Callable[[], None]] = []


def stop_with(stopper: Callable[[], None]) -> None:
    """For a server: what Ctrl-C calls, once, instead of breaking the command off.

    It returns at once and makes the command end by itself soon.
    """
    _stoppers.append(stopper)


def ask_to_stop() -> bool:
    """Call what `stop_with` was given; whether there was any."""
    asked = bool(_stoppers)
    while _stoppers:
        _stoppers.pop()()
    return asked
