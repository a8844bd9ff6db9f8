"""Files that are there whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, which takes its place when the block ends well and vanishes when it fails.

    The temporary name keeps the suffix, since many libraries choose the format by it.

    Raises:
        ValueError: if `path` is a folder.
        FileNotFoundError: if there is no folder for `path`.
        OSError: if it cannot be written.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with written_whole(Path(folder) / "note.txt") as unfinished:
        ...         _ = unfinished.write_text("done")
        ...     os.listdir(folder)
        ['note.txt']
    """
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file.")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into.")
    suffixes = "".join(path.suffixes[-2:])
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name.removesuffix(suffixes)}-", suffix=suffixes, dir=path.parent
        )
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror}.") from error
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o666 & ~_umask())  # mkstemp's are for the owner alone
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
