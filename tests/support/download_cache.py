"""Puts original files where tensorflow-datasets keeps its downloads, so that it prepares them without a network."""

import hashlib
import shutil
from pathlib import Path


def fill_download_cache(originals: Path, data_dir: Path, name: str) -> None:
    """Copies the files of a data set from a folder of originals, recognised by their sha256, not by their names."""
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download import resource

    by_checksum = {
        hashlib.sha256(file.read_bytes()).hexdigest(): file for file in (originals / name).iterdir() if file.is_file()
    }
    cache = data_dir / "downloads" / name
    cache.mkdir(parents=True)
    for url, info in tfds.builder_cls(name).url_infos.items():
        copy = cache / resource.get_dl_fname(url, info.checksum)
        shutil.copyfile(by_checksum[info.checksum], copy)
        resource.write_info_file(
            url=url, path=tfds.core.Path(copy), dataset_name=name, original_fname=url.rsplit("/", 1)[-1], url_info=info
        )
