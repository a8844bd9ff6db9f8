"""AlexNet's layers as the paper has them, for whoever counts them."""

import keras
from keras import layers


def alexnet(groups: int = 1):
    """AlexNet (Krizhevsky et al. 2012) in one tower, or in two that meet in conv3 and in the dense layers."""
    return keras.Sequential(
        [
            keras.Input((227, 227, 3)),
            layers.Conv2D(96, 11, strides=4, name="conv1"),
            layers.MaxPooling2D(3, 2, name="pool1"),
            layers.Conv2D(256, 5, padding="same", groups=groups, name="conv2"),
            layers.MaxPooling2D(3, 2, name="pool2"),
            layers.Conv2D(384, 3, padding="same", name="conv3"),
            layers.Conv2D(384, 3, padding="same", groups=groups, name="conv4"),
            layers.Conv2D(256, 3, padding="same", groups=groups, name="conv5"),
            layers.MaxPooling2D(3, 2, name="pool5"),
            layers.Flatten(name="flatten"),
            layers.Dense(4096, kernel_initializer="zeros", name="dense6"),
            layers.Dense(4096, kernel_initializer="zeros", name="dense7"),
            layers.Dense(1000, kernel_initializer="zeros", name="dense8"),
        ]
    )
