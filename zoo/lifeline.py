"""Runs a command that does not outlive the process which started it, not even when that one is killed.

    python lifeline.py FD WORD...

FD is the reading end of a pipe; only the starting process holds the writing end, and the operating system closes it
however that process ends. A guard in the command's process group waits for this and then kills the whole group, so that
what the command has started in turn goes as well. The command must lead a group of its own.
"""

import os
import signal
import sys


def guard_group(lifeline: int) -> None:
    """Forks a process that kills the caller's process group as soon as the other end of `lifeline` is closed.

    It is a grandchild, so that the caller has no child that it does not know of.

    Args:
        lifeline: file descriptor, the reading end of a pipe.
    """
    if os.fork() == 0:
        if os.fork() == 0:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # meant for the command, sent to the group
                signal.signal(number, signal.SIG_IGN)
            os.closerange(0, 3)  # whoever reads the command's output waits for its end, not for the guard's
            os.read(lifeline, 1)
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
    os.wait()
    os.close(lifeline)


if __name__ == "__main__":
    guard_group(int(sys.argv[1]))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and the command would inherit that
    os.execvp(sys.argv[2], sys.argv[2:])
