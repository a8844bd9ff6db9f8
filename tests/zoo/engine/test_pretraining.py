"""Greedy pre-training: what it trains and what it leaves alone, by seed; in recipes; and a run that is resumed."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.engine.pretraining import check_pretrain, hidden_layers, pretrain_greedily
from gradschool.zoo.models.lenet import LeNet5
from gradschool.zoo.models.mlp import MLP
from gradschool.zoo.models.rbf_network import RBFNetwork

IMAGES = np.random.default_rng(0).random((64, 5, 4, 1), "float32")
IMAGES[:, :, 1:] = IMAGES[:, :, :1]  # columns are alike: something to be found out


def small(**options):
    keras.utils.set_random_seed(1)
    return MLP((5, 4, 1), classes=3, **{"hidden": (7, 6, 5), "activation": "logistic", **options})


def weights(model):
    return [convert_to_numpy(one) for one in model.weights]


@pytest.mark.slow
def test_every_hidden_layer_is_trained_and_the_last_one_is_not():
    model = small()
    before = weights(model)
    costs = pretrain_greedily(model, IMAGES, epochs=2)
    assert len(costs) == 3
    changed = [bool(np.any(old != new)) for old, new in zip(before, weights(model), strict=True)]
    assert changed == [True] * 6 + [False] * 2


@pytest.mark.slow
def test_the_cost_falls_to_that_of_what_can_be_known():
    first = pretrain_greedily(small(), IMAGES, epochs=1, learning_rate=1e-2)
    costs = pretrain_greedily(small(), IMAGES, epochs=150, learning_rate=1e-2)
    assert all(later < earlier for earlier, later in zip(first, costs, strict=True))
    p = IMAGES.astype("float64")
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p)).sum() / len(p)  # of grey pixels, which nobody can get below
    assert entropy < costs[0] < entropy + 0.5


@pytest.mark.slow
def test_a_seed_decides_and_the_global_random_numbers_do_not():
    results = []
    for seed, global_seed in ((1, 5), (1, 6), (2, 5)):
        model = small()
        keras.utils.set_random_seed(global_seed)
        pretrain_greedily(model, IMAGES, epochs=2, corruption=0.3, seed=seed)
        results.append(weights(model))
    for one, same in zip(*results[:2], strict=True):
        np.testing.assert_array_equal(one, same)
    assert np.any(results[0][0] != results[2][0])


def test_no_epochs_leave_everything_as_it_is():
    model = small()
    before = weights(model)
    assert pretrain_greedily(model, IMAGES, epochs=0) == []
    for old, new in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh", "parametric_relu", "noisy_relu"])
def test_every_activation_and_dropout_can_be_pretrained(activation):
    model = small(activation=activation, dropout=0.3)
    before = weights(model)
    assert np.isfinite(pretrain_greedily(model, IMAGES, epochs=2)).all()
    assert np.any(before[0] != weights(model)[0])


@pytest.mark.slow
def test_mixed_precision_comes_to_about_the_same():
    one, other = small(), small(dtype="mixed_bfloat16")
    other.set_weights(weights(one))
    for model in (one, other):
        pretrain_greedily(model, IMAGES, epochs=2)
    for first, second in zip(weights(one), weights(other), strict=True):
        np.testing.assert_allclose(first, second, atol=5e-3)


@pytest.mark.slow
def test_a_user_s_own_model_can_be_pretrained():
    keras.utils.set_random_seed(0)
    dense = keras.layers.Dense
    model = keras.Sequential([keras.Input((4,)), dense(3, "sigmoid"), dense(3, "sigmoid"), dense(2)])
    assert [layer.units for layer in hidden_layers(model)] == [3, 3]
    assert len(pretrain_greedily(model, IMAGES[:, 0, :, 0], epochs=1)) == 2


# === Errors ===
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "pretrain epochs must be a whole number of at least 0; got -1"),
        ({"batch_size": 0}, "pretrain batch_size must be a whole number of at least 1"),
        ({"learning_rate": 0}, "pretrain learning_rate must be a number above 0; got 0"),
        ({"corruption": 1.0}, r"strength must be a number in \[0, 1\)"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        pretrain_greedily(small(), IMAGES, **options)


def test_a_model_without_hidden_layers_is_refused():
    with pytest.raises(ValueError, match="mlp has no hidden dense layer"):
        pretrain_greedily(small(hidden=(), name="mlp"), IMAGES)


def test_recipes_are_told_what_a_model_does_not_take():
    check_pretrain(LeNet5(), {})
    check_pretrain(small(), {"epochs": 3, "corruption": 0.2})
    check_pretrain(RBFNetwork(units=3), {"neighbours": 1})
    with pytest.raises(ValueError, match="lenet5 has no pre-training"):
        check_pretrain(LeNet5(name="lenet5"), {"epochs": 3})
    with pytest.raises(ValueError, match="unknown option of mlp's pre-training 'epoch'; did you mean 'epochs'"):
        check_pretrain(small(name="mlp"), {"epoch": 3})


# === In a fit ===
if keras.backend.backend() == "tensorflow":
    from gradschool.zoo.engine.fitting import Execution, fit_recipe
    from gradschool.zoo.recipes import find_recipe

    def short(**changes):
        config = {"hidden": [9, 8], "activation": "logistic"}
        recipe = find_recipe("stacked_autoencoder")
        return replace(recipe, epochs=2, batch_size=256, model_config=config, pretrain={"epochs": 1}, **changes)

    @pytest.mark.slow
    def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path, monkeypatch):
        whole = fit_recipe(short(), tmp_path / "whole")

        from gradschool.zoo.engine import writers

        write = writers.HistoryWriter.on_epoch_end

        def killed(self, epoch, logs=None):
            write(self, epoch, logs)
            if epoch == 1:
                raise RuntimeError("killed")

        with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
            patch.setattr(writers.HistoryWriter, "on_epoch_end", killed)
            fit_recipe(short(), tmp_path / "cut")
        assert list((tmp_path / "cut" / "checkpoints").glob("*.npz"))
        resumed = fit_recipe(short(), tmp_path / "cut", execution=Execution(resume=True))
        for one, other in zip(weights(whole.model), weights(resumed.model), strict=True):
            np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize(("pretrains", "resumes", "looks"), [(1, True, 1), (1, False, 0), (0, True, 0)])
    def test_checkpoints_are_read_only_where_they_matter(tmp_path, monkeypatch, pretrains, resumes, looks):
        """A worker that begins anew may still find those of the run that the first worker is to remove."""
        from gradschool.zoo.engine import fitting

        looked, pretrained = [], []
        monkeypatch.setattr(fitting, "_has_checkpoint", lambda folder: looked.append(folder) or not resumes)
        monkeypatch.setattr(fitting, "pretrain", lambda model, recipe, *rest: pretrained.append(recipe.pretrain))
        monkeypatch.setattr(fitting, "run_epochs", interrupted)
        recipe = short() if pretrains else replace(short(), pretrain={})
        with pytest.raises(KeyboardInterrupt):
            fit_recipe(recipe, tmp_path / "run")
        looked.clear()
        pretrained.clear()
        execution = Execution(resume=resumes)
        with pytest.raises(KeyboardInterrupt):
            fit_recipe(recipe, tmp_path / "run", overwrite=not resumes, execution=execution)
        assert (len(looked), len(pretrained)) == (looks, pretrains)

    def interrupted(*given):
        raise KeyboardInterrupt

    def test_a_recipe_with_pretraining_that_a_model_does_not_know_is_refused_before_anything_is_written(tmp_path):
        recipe = replace(find_recipe("mlp"), pretrain={"colour": 3})
        with pytest.raises(ValueError, match="unknown option of mlp's pre-training 'colour'"):
            fit_recipe(recipe, tmp_path / "run")
        assert not (tmp_path / "run").exists()
