"""What `gradschool doctor` reports: versions, the back end as tried, devices, data, and what to do about trouble.

It works where Keras or TensorFlow is missing or broken, and imports neither: the back end is tried in a process of its
own.
"""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rich.console import Group
from rich.table import Table
from rich.text import Text

# The pairs that the whole test suite was run on: Python, TensorFlow, Keras. The README has the same table.
VERIFIED = (("3.11", "2.21.0", "3.15.1"), ("3.12", "2.19.1", "3.10.0"), ("3.13", "2.20.0", "3.12.4"))

_BACKENDS = ("tensorflow", "jax", "torch")
_SHOWN = ("keras", *_BACKENDS, "tensorflow-datasets", "numpy", "matplotlib", "scikit-learn", "pillow", "typer", "rich")
_DRIVER = Path("/proc/driver/nvidia/version")
_PATIENCE = 120  # seconds; the first import from a slow disk takes a while


def examine(data_dir: str | os.PathLike | None = None) -> dict:
    """Looks at this installation.

    Args:
        data_dir: tensorflow-datasets' folder. Defaults to the variable TFDS_DATA_DIR or `~/tensorflow_datasets`.

    Returns:
        A dict that is JSON: `packages` (each with `name`, `version` or None, the `range` that is supported or None, and
        whether it is `supported`), `verified` (whether the test suite was run on this very combination), `backend`
        (`name`, `works`, `error`, `devices`, `policies`, `xla`), `data`, `folder`, and `problems`, each with `problem`
        and `remedy`.
    """
    packages = _packages()
    backend = _try_backend()
    report = {
        "packages": packages,
        "verified": _is_verified(packages),
        "backend": backend,
        "data": _prepared_data(data_dir),
        "folder": {"path": str(Path.cwd()), "writable": os.access(Path.cwd(), os.W_OK)},
    }
    return {**report, "problems": _package_problems(packages, backend["name"]) + _other_problems(report)}


# === Versions ===
def _packages() -> list[dict]:
    """A row per package that matters, with the range that gradschool's own metadata asks for."""
    try:
        wanted = [Requirement(line) for line in importlib.metadata.requires("gradschool") or ()]
        ranges = {one.name.lower(): str(one.specifier) for one in wanted if one.marker is None}
        python_range = importlib.metadata.metadata("gradschool")["Requires-Python"]
    except importlib.metadata.PackageNotFoundError:  # a checkout on the path that was not installed
        ranges, python_range = {}, None
    rows = [_row("python", platform.python_version(), python_range), _row("gradschool", _version("gradschool"), None)]
    return rows + [_row(name, _version(name), ranges.get(name)) for name in _SHOWN]


def _row(name: str, version: str | None, wanted: str | None) -> dict:
    supported = None if version is None else SpecifierSet(wanted or "").contains(version, prereleases=True)
    return {"name": name, "version": version, "range": wanted or None, "supported": supported}


def _version(package: str) -> str | None:
    """The installed version, or None; TensorFlow also goes by other names, such as tensorflow-tpu."""
    names = (package, "tensorflow-tpu", "tensorflow-cpu") if package == "tensorflow" else (package,)
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _is_verified(packages: list[dict]) -> bool:
    version = {row["name"]: row["version"] for row in packages}
    python = ".".join(version["python"].split(".")[:2])
    return (python, version["tensorflow"], version["keras"]) in VERIFIED


# === The back end ===
def _try_backend() -> dict:
    """Runs backend_probe.py; what it wrote to standard error is the reason if it fails."""
    probe = Path(__file__).with_name("backend_probe.py")
    failed = {"name": _chosen_backend(), "works": False, "devices": [], "policies": {}, "xla": False}
    try:
        run = subprocess.run([sys.executable, "-P", probe], capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return {**failed, "error": f"it did not load within {_PATIENCE} seconds"}
    lines = run.stderr.strip().splitlines()
    if run.returncode < 0:
        return {**failed, "error": f"it died of signal {-run.returncode}: {lines[-1] if lines else 'no message'}"}
    if run.returncode > 0:
        return {**failed, "error": lines[-1]}
    found = json.loads(run.stdout.splitlines()[-1])
    return {"name": found.pop("backend"), "works": True, "error": None, **found}


def _chosen_backend() -> str:
    """The name that Keras would use: the variable, then its configuration file, then TensorFlow."""
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    file = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


# === Data ===
def _prepared_data(data_dir: str | os.PathLike | None) -> dict:
    """Which of tensorflow-datasets' sets lie ready, and which were left half-written."""
    from .data.catalogue import list_data
    from .data.prepared_folder import find_prepared

    folder = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets").expanduser()
    prepared, damaged = [], []
    for one in list_data():
        if one.kind == "tensorflow-datasets":
            try:
                prepared += [one.name] if find_prepared(folder, one.name) else []
            except (ValueError, OSError) as error:
                damaged.append({"name": one.name, "error": str(error)})
    return {"folder": str(folder), "prepared": prepared, "damaged": damaged}


# === Problems ===
def _package_problems(packages: list[dict], backend: str) -> list[dict]:
    optional = {"tensorflow", "tensorflow-datasets", "jax", "torch"} - {backend}
    if backend == "tensorflow":
        optional.remove("tensorflow-datasets")
    problems = []
    for row in packages:
        name, version, wanted = row["name"], row["version"], row["range"] or ""
        if version is None and name == "gradschool":
            problems.append(_problem("gradschool is on the path but not installed", "pip install . in its checkout"))
        elif version is None and name not in optional:
            problems.append(_problem(f"{name} is not installed", f"pip install '{name}{wanted}'"))
        elif row["supported"] is False:
            remedy = "use such a Python" if name == "python" else f"pip install '{name}{wanted}'"
            problems.append(_problem(f"{name} {version} is outside what is supported ({wanted})", remedy))
    return problems


def _other_problems(report: dict) -> list[dict]:
    problems = []
    backend, data = report["backend"], report["data"]
    if backend["name"] not in _BACKENDS:
        what = f"the back end {backend['name']!r} is not one of {', '.join(_BACKENDS)}"
        problems.append(_problem(what, "set KERAS_BACKEND to one of them, or unset it"))
    elif not backend["works"]:
        remedy = f"reinstall it (pip install --force-reinstall {backend['name']}), or set KERAS_BACKEND to another"
        problems.append(_problem(f"the back end {backend['name']} does not work: {backend['error']}", remedy))
    elif _DRIVER.exists() and not any(device["type"] == "GPU" for device in backend["devices"]):
        remedy = "pip install 'gradschool[cuda]'" if backend["name"] == "tensorflow" else "install its CUDA build"
        problems.append(_problem(f"there is an NVIDIA driver, but {backend['name']} sees no GPU", remedy))
    for one in data["damaged"]:
        problems.append(_problem(f"{one['name']} was left half-written", one["error"]))
    if not report["folder"]["writable"]:
        what = f"nothing can be written to {report['folder']['path']}"
        problems.append(_problem(what, "change to a folder of your own, or give --out"))
    return problems


def _problem(problem: str, remedy: str) -> dict:
    return {"problem": problem, "remedy": remedy}


# === As text ===
def render(report: dict) -> Group:
    """The report as tables for a rich console."""
    versions = Table("package", "version", "supported", box=None, header_style="bold")
    for row in report["packages"]:
        judged = f"{'yes' if row['supported'] else 'no'}: {row['range']}" if row["range"] and row["version"] else ""
        style = "red" if row["supported"] is False else ""
        versions.add_row(row["name"], row["version"] or "not installed", judged, style=style)
    here = Table(box=None, show_header=False)
    for name, value in _facts(report):
        here.add_row(name, Text(value))
    problems = [
        Text.assemble(("problem: ", "red"), f"{one['problem']}\n  remedy: {one['remedy']}")
        for one in report["problems"]
    ]
    return Group("", versions, "", here, "", *(problems or [Text("no problems found")]))


def _facts(report: dict) -> Iterator[tuple[str, str]]:
    """What is not a version, as pairs of words."""
    backend, data, folder = report["backend"], report["data"], report["folder"]
    yield "test suite run on this combination", "yes" if report["verified"] else "no"
    yield "back end", f"{backend['name']}, {'works' if backend['works'] else 'does not work'}"
    for device in backend["devices"]:
        memory = f", {device['memory'] / 2**30:.1f} GiB" if device["memory"] else ""
        yield "device", f"{device['type']}: {device['name']}{memory}"
    yield "dtype policies", ", ".join(name for name, computes in backend["policies"].items() if computes)
    yield "XLA", "yes" if backend["xla"] else "no"
    yield "prepared data", f"{', '.join(data['prepared']) or 'none'}, in {data['folder']}"
    yield "this folder", folder["path"] + ("" if folder["writable"] else ", read-only")
