"""Keeps TensorFlow's log lines off the screen: how it was built, which CPU instructions it uses, that there is no GPU.

TensorFlow writes them from C++ straight to file descriptor 2, while it is imported and before any log level counts. So
for the time of that import the descriptor leads through a sieve, a small process of its own that passes on at once
whatever is not such a line. Being another process, it also passes on the last words of an import that aborts.

TF_CPP_MIN_LOG_LEVEL=0 shows every line. A TensorFlow that was imported before is left as it is.
"""

import contextlib
import importlib.abc
import importlib.machinery
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, cast

# A log line: severity and date in either of two forms, or a line that belongs to the one before it.
_INFO_OR_WARNING = re.compile(
    rb"[IW]\d{4} \d\d:\d\d:\d\d|[IW]0000 00:00:\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] "
    rb"|WARNING: All log messages before absl::InitializeLog|To enable the following instructions: "
)
# Errors that are none: TensorFlow 2.19 registers its GPU libraries twice, and asks for a driver that need not be there.
_HARMLESS = re.compile(rb"Unable to register cu\w+ factory|failed call to cuInit")
_ABOUT_THE_GPU = re.compile(rb"failed call to cuInit|Cannot dlopen some GPU libraries")
_DRIVER = Path("/proc/driver/nvidia/version")  # there is a GPU: whatever keeps TensorFlow from using it is worth a line

_one_at_a_time = threading.RLock()


def is_noise(line: bytes, has_gpu: bool = False) -> bool:
    """Whether a line on standard error is one of TensorFlow's that tells a user nothing.

    Args:
        line: the line, with or without its end.
        has_gpu: whether the machine has a GPU driver, so that trouble with it matters.

    Example:
        >>> is_noise(b"I0000 00:00:1795205566.66 6275 cudart_stub.cc:31] Could not find cuda drivers on your machine")
        True
        >>> is_noise(b"ImportError: libcudart.so.12: cannot open shared object file")
        False
    """
    if has_gpu and _ABOUT_THE_GPU.search(line):
        return False
    return bool(_INFO_OR_WARNING.match(line) or _HARMLESS.search(line))


@contextlib.contextmanager
def without_log_lines() -> Iterator[None]:
    """For the time of the block, what is written to file descriptor 2 arrives without TensorFlow's log lines."""
    with _one_at_a_time, contextlib.ExitStack() as stack:
        try:
            kept = os.dup(2)
            stack.callback(os.close, kept)
            sieve = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__],
                stdin=subprocess.PIPE,
                stdout=kept,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the importing process
            )
        except OSError:  # no standard error (a service), or no process to be had: the lines do no harm
            yield
            return
        with cast(IO[bytes], sieve.stdin) as into_the_sieve:
            os.dup2(into_the_sieve.fileno(), 2)
        try:
            yield
        finally:
            if sys.stderr is not None and not sys.stderr.closed:
                sys.stderr.flush()
            os.dup2(kept, 2)
            with contextlib.suppress(subprocess.TimeoutExpired):  # a child of the import holds on to it: it may go on
                sieve.wait(timeout=5)


def pass_on(source, sink) -> None:
    """The sieve's own loop: copies lines as they come, but for TensorFlow's.

    Args:
        source: binary file to read lines from.
        sink: unbuffered binary file to write to.
    """
    has_gpu = _DRIVER.exists()
    for line in source:
        if not is_noise(line, has_gpu):
            sink.write(line)


class _QuietTensorFlow(importlib.abc.MetaPathFinder):
    """Lets TensorFlow be imported quietly, whoever imports it: Keras does so late on the JAX back end."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_quietly(module):
                with without_log_lines():
                    execute(module)
                    module.config.list_physical_devices()  # the search for a GPU has lines of its own, once

            spec.loader.exec_module = execute_quietly
        return spec


def hush() -> None:
    """Lets TensorFlow be quiet when it is imported, whoever does; imports nothing itself."""
    wanted = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") in ("0", "1")
    hooked = any(isinstance(finder, _QuietTensorFlow) for finder in sys.meta_path)
    if not (wanted or hooked or "tensorflow" in sys.modules):
        sys.meta_path.insert(0, _QuietTensorFlow())


def import_keras() -> None:
    """Imports Keras; its back end, and a TensorFlow that is imported later, stay quiet."""
    hush()
    import keras  # noqa: F401


@cache
def start_xla() -> None:
    """Compiles a first function, because XLA up to TensorFlow 2.20 announces itself at any log level.

    Called once a model's variables are about to exist: it starts TensorFlow's devices, as they would.
    """
    import keras

    if keras.backend.backend() != "tensorflow" or os.environ.get("TF_CPP_MIN_LOG_LEVEL") in ("0", "1"):
        return
    import tensorflow

    if tensorflow.__version__ < "2.21":
        with without_log_lines(), contextlib.suppress(tensorflow.errors.OpError):  # some builds come without XLA
            tensorflow.function(lambda x: x + x, jit_compile=True, autograph=False)(tensorflow.constant(1.0))


if __name__ == "__main__":
    pass_on(sys.stdin.buffer, os.fdopen(1, "wb", buffering=0))
