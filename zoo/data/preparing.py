"""Prepares a data set with tensorflow-datasets: from the files in its download cache, or from the network.

With no network, tensorflow-datasets would try again and again for minutes. So the network is asked first, once and with
a time limit, and a clear error says what else can be done.
"""

import contextlib
import hashlib
import io
import sys
import tarfile
import threading
import warnings
import zlib
from pathlib import Path
from urllib.parse import urlsplit

from .tensorflow_import import import_tensorflow

SECONDS = 4.0  # after which the network counts as unreachable


def check_preparable(name: str, data_dir: Path) -> None:
    """Refuses a data set that cannot be prepared here: its files are not there, and neither is the network.

    Args:
        name: as tensorflow-datasets calls it.
        data_dir: its folder.

    Raises:
        OSError: if the network is needed and cannot be reached.
        ValueError: if tensorflow-datasets is missing, or a file in the download cache is damaged.
    """
    if not _is_cached(name, data_dir):
        reason = why_unreachable(next(iter(_urls(name))))
        if reason:
            raise ConnectionError(_advice(name, data_dir, reason))


def prepare(name: str, data_dir: Path, config: str | None = None) -> None:
    """Downloads and prepares a data set; without the network if its files lie in `data_dir/downloads` already.

    Args:
        name: as tensorflow-datasets calls it.
        data_dir: its folder; made if it does not exist.
        config: which of its variants; its first by default.

    Raises:
        OSError: if downloading or writing fails.
        ValueError: if a downloaded file is damaged, or a package is missing that the data set needs.
    """
    import_tensorflow()  # quietly, before tensorflow-datasets does
    import tensorflow_datasets as tfds

    try:
        _download_and_prepare(name, data_dir, config, show=not _is_cached(name, data_dir))
    except (tfds.download.DownloadError, tfds.core.download.download_manager.NonMatchingChecksumError) as error:
        raise ConnectionError(f"downloading {name} failed: {error} Try again, or give a prepared data_dir.") from error
    except (EOFError, zlib.error, tarfile.TarError) as error:
        raise ValueError(
            f"a downloaded file of {name} is damaged ({error}). Remove {data_dir / 'downloads'} and try again."
        ) from error
    except ImportError as error:
        raise ValueError(f"preparing {name} needs a package that cannot be imported here: {error}.") from error
    except OSError as error:
        raise OSError(f"preparing {name} in {data_dir} failed: {error}") from error


def _download_and_prepare(name: str, data_dir: Path, config: str | None, show: bool) -> None:
    """Runs tensorflow-datasets; its progress bars and lines are shown, on standard error, if it downloads."""
    import tensorflow_datasets as tfds

    # Each data set looks for files put there by hand in a folder of its own: MNIST's and its look-alikes' have the
    # same names, and one would be taken for the other.
    downloads = data_dir / "downloads"
    how = tfds.download.DownloadConfig(
        manual_dir=downloads / "manual" / name, extract_dir=downloads / "extracted" / name, try_download_gcs=False
    )
    bars = contextlib.nullcontext() if show else _without_progress_bars()
    with bars, contextlib.redirect_stdout(sys.stderr if show else io.StringIO()), warnings.catch_warnings():
        # pydub reads sounds: with a module that Python will drop, and of other formats than .wav with ffmpeg.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "Couldn't find ffmpeg", RuntimeWarning)
        builder = tfds.builder_cls(name)(data_dir=str(data_dir), config=config)
        builder.download_and_prepare(download_config=how)


@contextlib.contextmanager
def _without_progress_bars():
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    try:
        yield
    finally:
        tfds.enable_progress_bar()


# === The download cache ===
def _urls(name: str) -> dict:
    """The addresses of a data set's files, each with its sha256, from tensorflow-datasets' own tables."""
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ValueError(
            f"{name} is prepared with tensorflow-datasets, which cannot be imported here ({error}). Install it, or use "
            "the embedded data set 'digits'."
        ) from error
    return tfds.builder_cls(name).url_infos


def _is_cached(name: str, data_dir: Path) -> bool:
    """Whether tensorflow-datasets has downloaded all files of a data set before.

    Raises:
        ValueError: if what it would take for one of them has other contents.
    """
    return all(_is_file_cached(name, data_dir, url, info.checksum) for url, info in _urls(name).items())


def _is_file_cached(name: str, data_dir: Path, url: str, checksum: str) -> bool:
    from tensorflow_datasets.core.download import resource

    for folder in (data_dir / "downloads" / name, data_dir / "downloads"):
        file = folder / resource.get_dl_fname(url, checksum)
        if file.is_file() and file.with_name(file.name + ".INFO").is_file():
            if _sha256(file) != checksum:
                raise ValueError(f"the downloaded file {file} is damaged; remove it and try again.")
            return True
    return False


def _sha256(file: Path) -> str:
    with file.open("rb") as contents:
        return hashlib.file_digest(contents, "sha256").hexdigest()


# === The network ===
def why_unreachable(url: str, seconds: float = SECONDS) -> str:
    """Asks once whether a server answers, through the proxy if one is set; waits for `seconds` at most.

    Args:
        url: of a file there; only its head is asked for.
        seconds: the time limit, which also holds for looking up the server's name.

    Returns:
        The reason why not, or "" if it answers.
    """
    import requests

    host = urlsplit(url).hostname
    answer = [f"{host} did not answer within {seconds:g} seconds"]

    def ask():
        try:
            status = requests.head(url, timeout=seconds, allow_redirects=True).status_code
            answer[0] = f"{host}, or a proxy, answered with status {status}" if status >= 500 or status == 407 else ""
        except (requests.RequestException, OSError) as error:
            answer[0] = f"no connection to {host} ({type(error).__name__})"

    # Looking up a name knows no time limit, so the thread may outlive the wait; it must not keep the program alive.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return answer[0]


def _advice(name: str, data_dir: Path, reason: str) -> str:
    leftovers = sorted((data_dir / name).glob("incomplete.*"))
    left = f" (only {leftovers[0]}, left by a run that was interrupted)" if leftovers else ""
    return (
        f"{name} is not prepared in {data_dir}{left}, and the network, which preparing needs, cannot be reached: "
        f"{reason}. Run this once on a machine with network and copy the folder, or name a prepared one with "
        f"--data-dir (data_dir=), or use the embedded data set 'digits', which needs no network."
    )
