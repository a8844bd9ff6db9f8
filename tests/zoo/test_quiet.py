"""No line of TensorFlow's log reaches the screen; everything else does, also when the import fails or dies.

What is said about standard error is checked on the real thing, in processes of their own.
"""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from gradschool.zoo.quiet import is_noise

WORK = """
import numpy as np
from gradschool.zoo.quiet import import_keras
import_keras()
import keras
from gradschool.zoo import create_model
x, y = np.zeros((64, 28, 28, 1), "float32"), np.zeros(64, "int32")
for with_xla in (False, keras.backend.backend() != "torch"):
    model = create_model("lenet5")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=with_xla)
    model.fit(x, y, epochs=2, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
model.save("model.keras")
keras.models.load_model("model.keras")
model.save_weights("model.weights.h5")
"""
TENSORFLOW = """
model.export("exported", verbose=False)
import tensorflow as tf
data = tf.data.Dataset.range(100).shuffle(10).batch(7).cache().prefetch(2)
assert sum(1 for _ in data) == 15
assert len(list(data.cache().take(2))) == 2
"""


def run(source: str, folder, **variables) -> subprocess.CompletedProcess:
    """Runs Python source in a folder; standard error is what a user would see."""
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"} | variables
    command = [sys.executable, "-c", textwrap.dedent(source)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_nothing_is_written_to_standard_error(backend, tmp_path):
    pytest.importorskip(backend, reason=f"{backend}, an optional package, is not installed")
    source = WORK + (TENSORFLOW if backend == "tensorflow" else "")
    done = run(source, tmp_path, KERAS_BACKEND=backend)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.slow
def test_a_tensorflow_imported_late_beside_another_back_end_is_quiet(tmp_path):
    pytest.importorskip("jax", reason="JAX, an optional package, is not installed")
    source = "from gradschool.zoo.quiet import import_keras; import_keras(); import tensorflow"
    done = run(source, tmp_path, KERAS_BACKEND="jax")
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.slow
def test_whoever_asks_for_the_lines_gets_them(tmp_path):
    pytest.importorskip("tensorflow", reason="TensorFlow, which JAX users leave out, is not installed")
    source = "from gradschool.zoo.quiet import import_keras; import_keras(); import tensorflow"
    done = run(source, tmp_path, TF_CPP_MIN_LOG_LEVEL="0")
    assert (done.stderr != "", done.returncode) == (True, 0)  # which lines there are depends on the processor


def test_the_package_itself_imports_no_back_end(tmp_path):
    source = """
        import sys
        from gradschool.zoo.quiet import import_keras
        print([name for name in ("keras", "tensorflow", "jax", "torch", "numpy") if name in sys.modules])
    """
    assert run(source, tmp_path).stdout == "[]\n"


# === What must still arrive ===
def with_fake_tensorflow(folder, body: str, after: str = "") -> subprocess.CompletedProcess:
    """Imports a `tensorflow` that consists of `body`, as Keras would, then runs what comes after."""
    (folder / "tensorflow").mkdir()
    (folder / "tensorflow" / "__init__.py").write_text(textwrap.dedent(body))
    (folder / "keras.py").write_text("import tensorflow\n")
    source = "from gradschool.zoo.quiet import import_keras; import_keras()\n" + textwrap.dedent(after)
    return run(source, folder, PYTHONPATH=str(folder))


LOG_LINES = r"""
import os, sys
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n")
os.write(2, b"I0000 00:00:1795205566.660602    6275 port.cc:153] oneDNN custom operations are on.\n")
os.write(2, b"2026-11-20 20:13:02.370782: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.\n")
os.write(2, b"W0000 00:00:1795205582.743545    6608 computation_placer.cc:177] already registered.\n")
os.write(2, b"E0000 00:00:1795205582.564086    6608 cuda_dnn.cc:8579] Unable to register cuDNN factory: Attempting\n")
"""
FINE = """
class config:
    def list_physical_devices(): pass
"""


def test_log_lines_are_held_back_and_the_rest_comes_in_its_order(tmp_path):
    body = LOG_LINES + "sys.stderr.write('first\\n'); os.write(2, b'second, no line end')" + FINE
    done = with_fake_tensorflow(tmp_path, body, after="import sys; print(' and after', file=sys.stderr)")
    assert done.stderr == "first\nsecond, no line end and after\n"


def test_a_warning_and_an_error_of_the_log_come_through(tmp_path):
    error = "E0000 00:00:1795205582.564086    6608 gpu_device.cc:1] the device is gone"
    body = f"import os, warnings\nos.write(2, b'{error}\\n')\nwarnings.warn('look here')" + FINE
    lines = with_fake_tensorflow(tmp_path, body).stderr.splitlines()
    assert lines[0] == error
    assert lines[1].endswith("UserWarning: look here")


def test_an_import_that_fails_shows_its_traceback_and_leaves_standard_error_as_it_was(tmp_path):
    after = "import os; os.write(2, b'I0000 00:00:1.2 written later, so not held back')"
    after = f"try:\n    import tensorflow\nexcept ImportError:\n    {after}\n    raise"
    body = LOG_LINES + "os.write(2, b'ld.so: no such library\\n')\nraise ImportError('no driver')"
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(body)
    (tmp_path / "keras.py").write_text("")
    source = "from gradschool.zoo.quiet import import_keras; import_keras()\n" + after
    done = run(source, tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("ld.so: no such library\nI0000 00:00:1.2 written later, so not held backTraceback")
    assert done.stderr.endswith("ImportError: no driver\n")


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL, signal.SIGTERM])
def test_the_last_words_of_an_import_that_dies_arrive(number, tmp_path):
    words = "F0000 00:00:1795205582.5 66 cpu_feature_guard.cc:1] compiled to use AVX instructions, not available here\n"
    body = LOG_LINES + f"os.write(2, {words.encode()!r}); os.kill(os.getpid(), {int(number)})"
    done = with_fake_tensorflow(tmp_path, body)
    assert done.returncode == -number
    assert done.stderr == words


def test_a_closed_standard_error_is_no_obstacle(tmp_path):
    source = "from gradschool.zoo.quiet import without_log_lines\nwith without_log_lines():\n    print('done')"
    command = 'exec "$0" -c "$1" 2>&-'
    done = subprocess.run(["sh", "-c", command, sys.executable, source], capture_output=True, text=True, cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("done\n", 0)


def test_a_thread_may_write_meanwhile_and_another_may_import_too(tmp_path):
    source = r"""
        import os, threading
        from gradschool.zoo.quiet import without_log_lines
        def work(number):
            with without_log_lines():
                for line in range(100):
                    os.write(2, b"I0000 00:00:1.2 log\n")
                    os.write(2, b"thread %d line %d\n" % (number, line))
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads: thread.start()
        os.write(2, b"the main thread\n")
        for thread in threads: thread.join()
        os.write(2, b"the end\n")
    """
    lines = run(source, tmp_path).stderr.splitlines()
    wanted = [f"thread {number} line {line}" for number in range(4) for line in range(100)]
    assert sorted(lines) == sorted([*wanted, "the main thread", "the end"])
    assert lines[-1] == "the end"


def test_ctrl_c_does_not_stop_the_sieve_before_the_import_has_said_why(tmp_path):
    body = """
import os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts in the background
os.killpg(0, signal.SIGINT)
time.sleep(5)
"""
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(body)
    (tmp_path / "keras.py").write_text("import tensorflow\n")
    command = [sys.executable, "-c", "from gradschool.zoo.quiet import import_keras; import_keras()"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, start_new_session=True
    )
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_a_tensorflow_that_came_in_before_is_left_alone(tmp_path):
    source = (
        "import tensorflow, sys\nfrom gradschool.zoo.quiet import import_keras\nimport_keras()\nprint(sys.meta_path)"
    )
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(LOG_LINES)
    (tmp_path / "keras.py").write_text("")
    done = run(source, tmp_path, PYTHONPATH=str(tmp_path))
    assert "oneDNN" in done.stderr
    assert "_QuietTensorFlow" not in done.stdout


# === The lines themselves ===
@pytest.mark.parametrize(
    "line",
    [
        b"2026-11-20 20:13:02.372604: I external/local_xla/xla/tsl/cuda/cudart_stub.cc:32] Could not find cuda\n",
        b"To enable the following instructions: AVX2 AVX512F FMA, in other operations, rebuild TensorFlow\n",
        b"E0000 00:00:1795205570.911935    6275 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error\n",
        b"2026-11-20 20:13:02.508055: E external/local_xla/cuda_fft.cc:467] Unable to register cuFFT factory\n",
    ],
)
def test_lines_that_tell_a_user_nothing_are_noise(line):
    assert is_noise(line)


@pytest.mark.parametrize(
    "line",
    [
        b"F0000 00:00:1795205570.911935    6275 thread.cc:52] Check failed: ret == 0 (11 vs. 0) No thread\n",
        b"E0000 00:00:1795205570.911935    6275 gpu_device.cc:52] out of memory\n",
        b"Illegal instruction (core dumped)\n",
        b"I think that something is wrong\n",
        b"WARNING: the disk is full\n",
        b"\n",
    ],
)
def test_other_lines_are_not(line):
    assert not is_noise(line)


def test_trouble_with_a_gpu_that_is_there_is_not_noise():
    line = b"W0000 00:00:1795205570.9 6275 gpu_device.cc:2342] Cannot dlopen some GPU libraries. Please make sure the\n"
    assert is_noise(line)
    assert not is_noise(line, has_gpu=True)
    assert is_noise(b"I0000 00:00:1795205570.9 6275 port.cc:153] oneDNN custom operations are on.\n", has_gpu=True)
