"""The entry point: runs a command, turns its end into an exit code, and stops at once on Ctrl-C.

Only the standard library's smallest parts are imported here, so that even Ctrl-C during start-up
is met. The command runs in a thread of its own, because Python delivers an interrupt only between
two bytecodes of the main thread: inside a compiled kernel that would be seconds or minutes late.
The main thread merely waits, so it always hears Ctrl-C within a fraction of a second.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Sequence

from perilune.cli.ending import EXIT_INTERRUPTED, ask_to_stop

_GRACE_S = 0.6  # for the command to unwind and remove its temporary files
_SERVER_GRACE_S = 5.0  # for a server to finish what it is answering


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done; 2 usage or bad input; 3 not converged; 4 data missing or out of range; 5 a `--fail-on`
    limit was passed; 130 interrupted. Anything unforeseen is a defect and shows its traceback.
    """
    command = _Command(arguments)
    try:
        command.start()
        while not command.ended.wait(0.5):
            pass
    except KeyboardInterrupt:
        if not _stopped_by_itself(command):
            _stop(command)
    if command.defect is not None:
        raise command.defect
    if command.exit_code == EXIT_INTERRUPTED:
        _leave_interrupted()
    return command.exit_code


class _Command(threading.Thread):
    """One run of the command line; holds its exit code, or the defect that it died of.

    `ended` is waited for rather than the thread itself: an interrupted `join` takes a thread for
    dead that lives (Python 3.11, bpo-45274), and a server would be left in the middle of its end.
    """

    def __init__(self, arguments: Sequence[str] | None) -> None:
        super().__init__(name="perilune", daemon=True)
        self.arguments = None if arguments is None else list(arguments)
        self.exit_code = 0
        self.defect: BaseException | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        try:
            self.exit_code = _run(self.arguments)
        except KeyboardInterrupt:
            self.exit_code = EXIT_INTERRUPTED
        except BaseException as defect:
            self.defect = defect
        finally:
            self.ended.set()


def _run(arguments: list[str] | None) -> int:
    from perilune.errors import InputError, PeriluneError

    try:
        from perilune.cli.app import app

        try:
            app(args=arguments, prog_name="perilune")
            exit_code = 0
        except SystemExit as end:
            if isinstance(end.__context__, BrokenPipeError):  # typer met it first
                return _leave_output(0)
            exit_code = end.code if isinstance(end.code, int) else 0
        sys.stdout.flush()
    except PeriluneError as error:
        from perilune.cli.output import say_error

        say_error(str(error))
        return error.exit_code
    except BrokenPipeError:
        return _leave_output(0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        from perilune.cli.output import say_error

        say_error(f"{error.filename or 'the output'} cannot be written: {error.strerror}.")
        return _leave_output(InputError.exit_code)
    return exit_code


def _leave_output(exit_code: int) -> int:
    """End without what is still buffered for stdout.

    The reader (`head`, say) has seen enough, or the disk is full: it has nowhere to go, and the
    interpreter's own last flush must not complain about it.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_code


def _stopped_by_itself(command: _Command) -> bool:
    """Ask a server to end; whether it was one and did. A second Ctrl-C breaks it off."""
    try:
        if not ask_to_stop():
            return False
        return command.ended.wait(_SERVER_GRACE_S)
    except KeyboardInterrupt:
        return False


def _stop(command: _Command) -> None:
    """Raise KeyboardInterrupt inside the command's thread; give it a moment to clean up.

    Raised more than once, since Python drops an exception that meets a callback, such as those of
    the import system; it would also say so on stderr, where one word is to stand.
    """
    import ctypes

    sys.unraisablehook = lambda _: None
    until_s = time.monotonic() + _GRACE_S
    while not command.ended.is_set() and time.monotonic() < until_s:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(command.ident or 0), ctypes.py_object(KeyboardInterrupt)
        )
        command.ended.wait(_GRACE_S / 6)
    _leave_interrupted()


def _leave_interrupted() -> None:
    """End the process now: kernels still running in other threads must not keep it alive."""
    from perilune.cli.output import remove_unfinished

    remove_unfinished()
    sys.stderr.write("\nInterrupted.\n")
    sys.stderr.flush()
    os._exit(EXIT_INTERRUPTED)
