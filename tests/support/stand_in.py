"""A made-up file in the place of the one that tensorflow-datasets would download, for its own builder to prepare.

For a data set of one file: its official layout, other contents.
"""

import contextlib
import hashlib
import io
import tarfile
from pathlib import Path


@contextlib.contextmanager
def stand_in(name: str, data_dir: Path, file_name: str, contents: bytes):
    """While this lasts, `load_data(name, data_dir=data_dir)` prepares the data set from these contents."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download import checksums, resource

    infos = tfds.builder_cls(name).url_infos
    ((url, official),) = infos.items()
    checksum = hashlib.sha256(contents).hexdigest()
    infos[url] = checksums.UrlInfo(size=tfds.core.utils.Size(len(contents)), checksum=checksum, filename=file_name)
    try:
        cached = data_dir / "downloads" / name / resource.get_dl_fname(url, checksum)
        cached.parent.mkdir(parents=True)
        cached.write_bytes(contents)
        resource.write_info_file(
            url=url, path=tfds.core.Path(cached), dataset_name=name, original_fname=file_name, url_info=infos[url]
        )
        yield data_dir
    finally:
        infos[url] = official


def tar_gz(files: dict[str, bytes]) -> bytes:
    """An archive of files, by their paths in it."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        for path, contents in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(contents)
            archive.addfile(entry, io.BytesIO(contents))
    return whole.getvalue()
