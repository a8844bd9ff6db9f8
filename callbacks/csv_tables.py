"""Tables of plain values, one dict a row, as the text of a CSV file and back."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WHOLE, _NUMBER = re.compile(r"[+-]?\d+"), re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|nan)", re.IGNORECASE)
_WORDS = {"": None, "True": True, "False": False}


def all_columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys of all rows, in the order in which they first come.

    Example:
        >>> all_columns([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.4, "val_loss": 0.6}])
        ['epoch', 'loss', 'val_loss']
    """
    return list(dict.fromkeys(name for row in rows for name in row))


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    r"""The rows below a line of all their keys; what a row lacks stays empty.

    Example:
        >>> csv_text([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "val_loss": 0.6}])
        'epoch,loss,val_loss\n1,0.5,\n2,,0.6\n'
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=all_columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def csv_rows(text: str) -> list[dict[str, Any]]:
    r"""What `csv_text`, or `DataFrame.to_csv`, wrote: numbers as numbers, what is empty as None.

    Example:
        >>> csv_rows("layer,epoch,norm,dead\ndense,1,2.5e-3,True\n")
        [{'layer': 'dense', 'epoch': 1, 'norm': 0.0025, 'dead': True}]
    """
    rows = csv.reader(io.StringIO(text))
    names = next(rows, [])
    return [dict(zip(names, map(_value, row), strict=False)) for row in rows if row]


def _value(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
