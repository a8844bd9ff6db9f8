"""What callbacks have found wrong with a run, epoch by epoch, as a page tells it: each trouble once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .page import Finding

TOLD = 3  # layers whose evidence is given in full


def merge_findings(rows: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """One finding for each condition: in which epochs, at which layers, with the latest evidence.

    Args:
        rows: with `condition` and `evidence`; where there is one also with `epoch`, `layer`, `remedy`, and the name of
            the `run`, if they are of several.

    Example:
        >>> rows = [{"epoch": e, "condition": "dead units", "layer": "conv1", "evidence": f"{e} of 8"} for e in (2, 3)]
        >>> merge_findings(rows)
        [Finding(what='Dead units: conv1', evidence='3 of 8', remedy='', when='epochs 2 to 3')]
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row["condition"]), []).append(row)
    return [_merged(condition, group) for condition, group in groups.items()]


def _merged(condition: str, rows: Sequence[Mapping[str, Any]]) -> Finding:
    latest = {row.get("layer"): row for row in rows}
    layers = [str(layer) for layer in latest if layer]
    what = condition[:1].upper() + condition[1:]
    evidence = [str(row.get("evidence") or "") for row in latest.values()]
    if len(layers) > 1:
        evidence = [f"{layer}: {words}" for layer, words in zip(latest, evidence, strict=True)]
        more = len(evidence) - TOLD
        evidence = evidence[:TOLD] + [f"and {more} more"] * (more > 0)
    remedies = dict.fromkeys(str(row["remedy"]) for row in latest.values() if row.get("remedy"))
    epochs: dict[str, set[int]] = {}
    for row in rows:
        epochs.setdefault(str(row.get("run") or ""), set()).update(
            [row["epoch"]] if row.get("epoch") is not None else []
        )
    return Finding(
        f"{what}: {', '.join(layers)}" if layers else what,
        "; ".join(evidence),
        " ".join(remedies),
        "; ".join(", ".join(filter(None, (run, say_epochs(numbers)))) for run, numbers in epochs.items()),
    )


def say_epochs(epochs: Iterable[int]) -> str:
    """Numbers of epochs in words; 0 is what was found before the first.

    Example:
        >>> say_epochs([3]), say_epochs([1, 2, 3, 7]), say_epochs([0]), say_epochs([])
        ('epoch 3', 'epochs 1 to 3, 7', 'before training', '')
    """
    epochs = set(epochs)
    if epochs == {0}:
        return "before training"
    spans: list[list[int]] = []
    for epoch in sorted(epochs):
        if spans and epoch == spans[-1][-1] + 1:
            spans[-1].append(epoch)
        else:
            spans.append([epoch])
    words = ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans)
    several = sum(map(len, spans)) > 1
    return f"epoch{'s' if several else ''} {words}" if words else ""
