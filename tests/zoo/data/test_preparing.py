"""With no network: one question, a clear answer. With the files in the download cache: no question at all."""

import http.server
import re
import socket
import subprocess
import sys
import threading

import pytest

from gradschool.zoo.data import load_data, preparing
from gradschool.zoo.data.preparing import why_unreachable

URL = "http://data.invalid/train.gz"


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def attempts(monkeypatch):
    """A machine without network; the list of the hosts that were asked for."""
    asked = []

    def no_network(host, *args, **kwargs):
        asked.append(host)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    return asked


@pytest.fixture
def never_prepares(monkeypatch):
    def prepare(*args, **kwargs):
        pytest.fail("tensorflow-datasets was asked to prepare: it would try for minutes")

    monkeypatch.setattr(preparing, "_download_and_prepare", prepare)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100"])
def test_no_network_and_nothing_prepared(tmp_path, attempts, never_prepares, name):
    folder = tmp_path / "data"
    with pytest.raises(OSError, match="cannot be reached: no connection to") as refusal:
        load_data(name, data_dir=folder)
    message = str(refusal.value)
    assert f"{name} is not prepared in {folder}" in message
    for advice in ("on a machine with network", "--data-dir", "'digits'"):
        assert advice in message
    assert len(attempts) == 1
    assert not folder.exists()


def test_leftovers_of_an_interrupted_run_are_named(tmp_path, attempts, never_prepares):
    left = tmp_path / "mnist" / "incomplete.A1B2C3_3.0.1"
    left.mkdir(parents=True)
    with pytest.raises(OSError, match=re.escape(f"(only {left}, left by a run that was interrupted)")):
        load_data("mnist", data_dir=tmp_path)


def test_names_that_are_looked_up_for_ever_do_not_hold_up():
    """In a process of its own, which must end although a thread of it still waits for the name."""
    code = (
        "import socket, time; socket.getaddrinfo = lambda *args, **kwargs: time.sleep(3600);"
        "from gradschool.zoo.data.preparing import why_unreachable;"
        f"print(why_unreachable({URL!r}, seconds=0.2))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout.strip() == "data.invalid did not answer within 0.2 seconds"


class Server(http.server.BaseHTTPRequestHandler):
    """Answers every HEAD with the server's `status`, and keeps what was asked for."""

    def do_HEAD(self):
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        running.status, running.asked = 200, []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def test_a_server_that_answers_is_reachable(server):
    assert why_unreachable(f"http://127.0.0.1:{server.server_port}/train.gz") == ""
    assert server.asked == ["/train.gz"]


def test_the_proxy_is_asked_where_one_is_set(server, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    assert why_unreachable(URL) == ""
    assert server.asked == [URL]


@pytest.mark.parametrize(("status", "reachable"), [(200, True), (403, True), (405, True), (407, False), (503, False)])
def test_answers_that_would_be_retried_count_as_none(server, status, reachable):
    server.status = status
    reason = why_unreachable(f"http://127.0.0.1:{server.server_port}/train.gz")
    assert reason == ("" if reachable else f"127.0.0.1, or a proxy, answered with status {status}")


def test_failing_downloads_are_one_message(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    monkeypatch.setattr(preparing, "why_unreachable", lambda url: "")

    def fail(*args, **kwargs):
        raise tfds.download.DownloadError("Failed to get url. HTTP code: 404.")

    monkeypatch.setattr(preparing, "_download_and_prepare", fail)
    with pytest.raises(OSError, match=r"downloading mnist failed: Failed to get url. HTTP code: 404"):
        load_data("mnist", data_dir=tmp_path / "data")


class OddError(OSError):
    """Its constructor wants more than a message, as that of some libraries' errors does."""

    def __init__(self, code, url):
        super().__init__(f"{code} of {url}")


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OddError(5, "host")], ids=repr)
def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch, attempts, error):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(preparing, "_download_and_prepare", refuse)
    monkeypatch.setattr(preparing, "_is_cached", lambda name, data_dir: True)
    with pytest.raises(OSError, match=re.escape(f"preparing mnist in {tmp_path} failed: ")):
        load_data("mnist", data_dir=tmp_path)


@pytest.mark.slow
def test_the_answer_comes_before_tensorflow_is_imported(tmp_path):
    """So it comes within the time limit and a second or two, on any machine."""
    code = (
        "import socket, sys; socket.getaddrinfo = lambda *args, **kwargs: (_ for _ in ()).throw(socket.gaierror());"
        "from gradschool.zoo.data import check_available\n"
        f"try: check_available('mnist', {str(tmp_path)!r})\n"
        "except OSError as error: print('cannot be reached' in str(error), 'tensorflow' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "False"]


class TestRealData:
    @pytest.mark.slow
    def test_the_download_cache_is_enough(self, prepared_datasets, attempts):
        data = load_data("mnist", data_dir=prepared_datasets)
        assert data.description.samples == {"train": 54_000, "validation": 6_000, "test": 10_000}
        assert attempts == []

    def test_a_damaged_download_is_named(self, real_data, tmp_path, attempts, never_prepares):
        from download_cache import fill_download_cache

        fill_download_cache(real_data, tmp_path, "mnist")
        (file,) = (tmp_path / "downloads" / "mnist").glob("*t10k-labels*.gz")
        file.write_bytes(file.read_bytes()[:1000])
        with pytest.raises(ValueError, match=re.escape(f"the downloaded file {file} is damaged; remove it")):
            load_data("mnist", data_dir=tmp_path)
        assert attempts == []

    def test_a_missing_download_needs_the_network(self, real_data, tmp_path, attempts, never_prepares):
        from download_cache import fill_download_cache

        fill_download_cache(real_data, tmp_path, "mnist")
        next((tmp_path / "downloads" / "mnist").glob("*t10k-labels*.gz")).unlink()
        with pytest.raises(OSError, match="cannot be reached"):
            load_data("mnist", data_dir=tmp_path)
        assert len(attempts) == 1
