"""PilotNet against the paper's figure 4."""

import pytest

from gradschool.zoo.data.description import Description
from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.models.pilotnet import PilotNet


def test_layers_are_those_of_figure_4():
    rows = [(row.output_shape, row.parameters) for row in layer_table(PilotNet()) if row.parameters]
    assert rows == [
        ((31, 98, 24), 1_824),
        ((14, 47, 36), 21_636),
        ((5, 22, 48), 43_248),
        ((3, 20, 64), 27_712),
        ((1, 18, 64), 36_928),
        ((100,), 115_300),
        ((50,), 5_050),
        ((10,), 510),
        ((1,), 11),
    ]
    assert sum(parameters for _, parameters in rows) == 252_219
    assert sum(row.multiply_adds for row in layer_table(PilotNet())) == 26_876_342  # the paper: 27 million connections


def test_it_is_for_regression():
    description = Description("roads", "generated", "regression", "", (66, 200, 3), None, (), {}, "", "")
    assert PilotNet.config_for(description, units=2) == {"input_shape": (66, 200, 3), "units": 2}
    digits = Description("digits", "embedded", "classification", "", (28, 28, 1), 10, (), {}, "", "")
    with pytest.raises(ValueError, match="PilotNet is for regression; digits is for classification"):
        PilotNet.config_for(digits)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_shape": (60, 200, 3)}, r"PilotNet needs images of at least 61x61 pixels"),
        ({"units": 0}, "units must be a whole number of at least 1; got 0"),
        ({"dropout": 2}, r"dropout must be a number in \[0, 1\); got 2"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        PilotNet(**config)
