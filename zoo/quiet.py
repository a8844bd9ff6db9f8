"""Imports Keras and its back end without the log lines that TensorFlow writes while it is imported.

TensorFlow writes to file descriptor 2 from C++ before any log level takes effect, so the descriptor itself is
turned aside during the import. Whatever is not a log line (a warning, an error, a traceback) is passed on.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

# absl's lines: severity and date, "WARNING: All log messages before absl::...", and the continuation of one of them.
_LOG_LINE = re.compile(
    rb"^([IWE]\d{4} \d\d:\d\d:\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*: [IWE] |WARNING: All log messages before absl|To enable the following)"
)


@contextlib.contextmanager
def without_log_lines() -> Iterator[None]:
    """Holds back file descriptor 2 for the time of the block, then passes on all that are not log lines."""
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (AttributeError, OSError):  # no standard error (a service, a windowed program): nothing to keep quiet
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not _LOG_LINE.match(line):
                    os.write(2, line)


def import_keras() -> None:
    """Imports Keras, quietly, unless it is there already."""
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # later lines: warnings and errors only
    with without_log_lines():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow

            tensorflow.config.list_physical_devices()  # looks for a GPU driver now, and says so only once
