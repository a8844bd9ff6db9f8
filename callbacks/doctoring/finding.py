"""The form of what is found."""

from typing import Any


def finding(condition: str, evidence: str, remedy: str, layer: str | None = None) -> dict[str, Any]:
    """One trouble.

    Args:
        condition: its name.
        evidence: the figures that show it, in a sentence.
        remedy: what to do.
        layer: where it was found, if at one layer.
    """
    return {"condition": condition, "layer": layer, "evidence": evidence, "remedy": remedy}
