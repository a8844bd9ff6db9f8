"""The zoo: models from the perceptron on, the data they learn from, and the recipes that fit them.

    from gradschool import zoo

    zoo.list_models()                     # names and patterns: zoo.list_models("mlp*")
    model = zoo.create_model("lenet5")    # a plain keras.Model
    data = zoo.load_data("digits")        # real handwritten digits, no network needed

Names load on first use, so that listing models or printing help imports neither Keras nor TensorFlow.
"""

import importlib

from .quiet import hush

if __name__ != "gradschool.zoo":
    raise ImportError(f"this package is gradschool.zoo, not {__name__}: run Python from another folder than its root")

hush()  # before a user's own `import keras`

# public name -> the module that defines it
_HOME = {
    "list_models": "registry",
    "create_model": "registry",
    "load_data": "data",
    "list_data": "data",
    "load_model": "engine.opening",
    "get_activation": "layers.activations",
    "get_initializer": "layers.initializers",
    "get_loss": "layers.losses",
    "get_optimizer": "engine.optimizers",
    "get_schedule": "engine.schedules",
    "ValidateAverages": "engine.averages",
    "find_recipe": "recipes",
    "list_recipes": "recipes",
    "fit_recipe": "engine.fitting",
    "get_strategy": "engine.strategies",
    "transfer": "transfer_learning",
    "take_features": "transfer_learning",
    "freeze": "transfer_learning",
    "unfreeze": "transfer_learning",
    "learning_rates": "transfer_learning",
    "use_engine": "engine.use",
    "Checkpoints": "engine.checkpoints",
    "batch_mean": "layers.global_batch",
    "Dropout": "layers.dropout",
    "layer_table": "inspection.layer_table",
    "layers_by_kind": "inspection.layer_kinds",
    "training_cost": "inspection.training_cost",
    "receptive_field": "inspection.receptive_field",
    "receptive_fields": "inspection.receptive_field",
    "measured_field": "inspection.measured_field",
    "filters": "inspection.filters",
    "feature_maps": "inspection.feature_maps",
    "most_activating": "inspection.most_activating",
    "occlusion": "inspection.occlusion",
    "grad_cam": "inspection.grad_cam",
    "shift_accuracy": "inspection.shift",
    "MLP": "models.mlp",
    "LeNet5": "models.lenet",
    "LeNet5In1998": "models.lenet_1998",
    "AlexNet": "models.alexnet",
    "VGG": "models.vgg",
    "ResNet": "models.resnet",
    "CIFARResNet": "models.cifar_resnet",
    "PilotNet": "models.pilotnet",
    "CNNLSTM": "models.cnn_lstm",
    "Conv3DNet": "models.conv3d",
    "FeatureLSTM": "models.feature_lstm",
    "from_keras_applications": "models.keras_applications",
    "McCullochPitts": "models.mcculloch_pitts",
    "Perceptron": "models.perceptron",
    "ADALINE": "models.adaline",
    "LinearRegression": "models.linear_regression",
    "RBFNetwork": "models.rbf_network",
    "pretrain_greedily": "engine.pretraining",
    "Autoencoder": "models.autoencoder",
    "ConvAutoencoder": "models.conv_autoencoder",
    "DenoisingAutoencoder": "models.denoising_autoencoder",
    "VariationalAutoencoder": "models.variational_autoencoder",
    "DCGAN": "models.dcgan",
    "RecurrentLanguageModel": "models.language_model",
    "Seq2Seq": "models.seq2seq",
    "Sampling": "generation.sampling",
    "write": "generation.writing",
    "beam_search": "generation.beam_search",
    "translate": "generation.translation",
    "SequenceClassifier": "models.sequence_classifier",
    "SequenceRegressor": "models.sequence_regressor",
    "SequenceTagger": "models.sequence_tagger",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__():
    return __all__
