"""A trouble of many epochs and layers is told once."""

from gradschool.callbacks.reporting.findings import merge_findings, say_epochs
from gradschool.callbacks.reporting.page import Finding


def row(epoch, layer, evidence, **values):
    return {
        "epoch": epoch,
        "condition": "dead units",
        "layer": layer,
        "evidence": evidence,
        "remedy": "slower",
    } | values


def test_the_latest_evidence_of_each_layer_counts():
    rows = [row(1, "a", "old"), row(2, "a", "new"), row(2, "b", "worse")]
    assert merge_findings(rows) == [Finding("Dead units: a, b", "a: new; b: worse", "slower", "epochs 1 to 2")]


def test_of_many_layers_all_are_named_and_some_told():
    (found,) = merge_findings([row(1, f"layer_{n}", "dead") for n in range(9)])
    assert found.what.count("layer_") == 9
    assert found.evidence == "layer_0: dead; layer_1: dead; layer_2: dead; and 6 more"


def test_no_more_is_said_of_few_layers():
    (found,) = merge_findings([row(1, f"layer_{n}", "dead") for n in range(3)])
    assert found.evidence == "layer_0: dead; layer_1: dead; layer_2: dead"


def test_several_runs_are_named():
    rows = [row(n, None, f"in {n}", condition="plateau", run=f"seed-{n}") for n in (1, 2)] + [row(0, None, "y")]
    assert [(one.what, one.evidence, one.when) for one in merge_findings(rows)] == [
        ("Plateau", "in 2", "seed-1, epoch 1; seed-2, epoch 2"),
        ("Dead units", "y", "before training"),
    ]


def test_epochs_in_any_order():
    assert say_epochs([5, 1, 4, 2, 9, 5]) == "epochs 1 to 2, 4 to 5, 9"
