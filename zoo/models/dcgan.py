"""The deep convolutional generative adversarial network (Radford et al. 2016; Goodfellow et al. 2014).

Two networks play against each other. The generator makes images of random numbers; the discriminator is shown real
images and made ones, and says which are real. Each learns from what the other does.

Shapes:
    B  batch size
    H, W  height and width of a map
    J  number of values of a latent vector
    M  number of maps of the layer next to the image; the layer behind has twice as many
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from ..layers.adversarial import Judged, LatentVectors, StopGradient
from ..layers.adversarial_losses import discriminator_loss, generator_loss
from ..layers.normalization import normalized
from ..layers.policies import get_policy, output_dtype
from ..layers.style import ON_MAPS
from .arguments import image_shape, whole_number
from .base import ZooModel, answers

SLOPE = 0.2  # of the discriminator's leaky ReLU


@keras.saving.register_keras_serializable(package="gradschool")
class DCGAN(ZooModel):
    """Generator G and discriminator D in one model, for plain `fit`: 271 074 parameters at 28x28x1.

        generator                                     discriminator
        dense       7x7x64    200 704                 conv1     14x14x32       544
        dense_bn                  256                 conv2       7x7x64    32 768
        deconv2   14x14x32     32 768                 conv2_bn                 256
        deconv2_bn                128                 logit            1     3 137
        deconv1    28x28x1        513

    The model takes real images x, draws a latent vector z for each, and answers with three logits:

        D(x),   D(constant(G(z))),   D'(G(z))         D': D with its weights taken as constants

    The loss "adversarial" (`layers/adversarial_losses.py`) makes -log s(D(x)) - log(1 - s(D(G(z)))) small by the first
    two, from which D alone learns, and -log s(D'(G(z))) by the third, from which G alone does. So one step of one Adam
    is the step of two at the same time: Adam treats every weight by itself. Batch normalisation of D sees real and made
    images apart, as is usual.

    So the 7 034 048 multiply-adds for one sample are those of G, 1 906 688, and three times those of D, 1 709 120; a
    table of the layers has the first two times in the rows of D, and the third in that of `judged`, which is D'. The
    parameters of D count once.

    Args:
        input_shape: height, width, channels of one image. Defaults to (28, 28, 1).
        latent_size: number of values of a latent vector, J. Defaults to 64.
        width: M. Defaults to 32.
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        images: float tensor, shape `(B, height, width, channels)`, pixels in [0, 1].
        training: whether to draw latent vectors; they are zero otherwise, so that answers can be repeated.

    Returns:
        Three logits, shape `(B, 3)`, as above. `generate` makes images; `generator` and `discriminator` are models of
        their own.

    Raises:
        ValueError: if an argument is out of its range.

    Example:
        >>> DCGAN(latent_size=5, width=3).generate(2, seed=0).shape
        (2, 28, 28, 1)

    Reference:
        Goodfellow et al. (2014), "Generative Adversarial Nets", algorithm 1 and the end of section 3; Radford et al.
        (2016), "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks", section
        3. Unlike there: two strided layers on each side in place of four, 4x4 kernels, and pixels in [0, 1] by a
        logistic in place of [-1, 1] by tanh.
    """

    task = "generation"

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        latent_size: int = 64,
        width: int = 32,
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("DCGAN", input_shape)
        latent_size = whole_number("latent_size", latent_size, least=1)
        width = whole_number("width", width, least=1)
        policy = get_policy(dtype)
        answer = output_dtype(policy)
        generator = make_generator(input_shape, latent_size, width, policy)
        discriminator = make_discriminator(input_shape, width, policy)

        # === Functional model ===
        images = keras.Input(input_shape, dtype=answer, name="images")
        latent = LatentVectors(latent_size, dtype=policy, name="latent")(images)  # (B, J)
        made = generator(latent)  # (B, height, width, channels)
        of_real = discriminator(images)  # (B, 1)
        of_made = discriminator(StopGradient(dtype=answer, name="as_constant")(made))  # (B, 1)
        fooled = Judged(discriminator, dtype=answer, name="judged")(made)  # (B, 1)
        logits = layers.Concatenate(dtype=answer, name="logits")([of_real, of_made, fooled])
        super().__init__(images, logits, dtype=policy, **kwargs)  # (B, 3)

        # === Config ===
        self.sample_shape = input_shape
        self.latent_size = latent_size
        self.width = width

    @property
    def generator(self) -> keras.Model:
        """G: from latent vectors, shape `(B, J)`, to pixels in [0, 1]."""
        return self.get_layer("generator")

    @property
    def discriminator(self) -> keras.Model:
        """D: from images to a logit, above 0 for what it takes for real."""
        return self.get_layer("discriminator")

    def generate(self, count: int, seed: int = 0) -> np.ndarray:
        """New images.

        Args:
            count: how many.
            seed: of their latent vectors.

        Returns:
            Pixels in [0, 1], shape `(count, height, width, channels)`.
        """
        count = whole_number("count", count, least=1)
        latent = np.random.default_rng(seed).normal(size=(count, self.latent_size)).astype("float32")
        return answers(self.generator, latent)

    def judge(self, images, seed: int = 0) -> dict[str, float]:
        """How well the discriminator tells images from as many made ones, with the networks as they are when used.

        Args:
            images: real ones, shape `(N, height, width, channels)`.
            seed: of the made ones.

        Returns:
            `discriminator_loss` and `generator_loss` (2 log 2 and log 2 if it has no idea), and the shares that it is
            right about, `real_accuracy` and `made_accuracy` (a half each, if it has no idea).
        """
        of_real, of_made = self.belief(images), self.belief(self.generate(len(images), seed))
        logits = np.stack([of_real, of_made, of_made], axis=1)  # (N, 3)
        return {
            "discriminator_loss": float(ops.mean(discriminator_loss(None, logits))),
            "generator_loss": float(ops.mean(generator_loss(None, logits))),
            "real_accuracy": float((of_real > 0).mean()),
            "made_accuracy": float((of_made <= 0).mean()),
        }

    def belief(self, images) -> np.ndarray:
        """The discriminator's logits for images, shape `(N,)`: above 0 for what it takes for real."""
        return answers(self.discriminator, images)[:, 0]


def _options(policy, name: str) -> dict[str, Any]:
    """Weights start at N(0, 0.02^2), as in the paper."""
    return {"kernel_initializer": keras.initializers.RandomNormal(0, 0.02), "dtype": policy, "name": name}


def _strided(layer, maps: int, policy, name: str, use_bias: bool = False):
    """A 4x4 convolution, or a transposed one, that halves or doubles the sides."""
    return layer(maps, 4, strides=2, padding="same", use_bias=use_bias, **ON_MAPS, **_options(policy, name))


def make_generator(input_shape: Sequence[int], latent_size: int, width: int, policy) -> keras.Model:
    """G: latent vectors -> dense -> maps that double twice -> pixels, with what is too much cut off."""
    height, across, channels = input_shape
    smallest = (-(-height // 4), -(-across // 4), 2 * width)
    answer = output_dtype(policy)
    latent = keras.Input((latent_size,), dtype=policy.compute_dtype, name="latent")
    x = layers.Dense(math.prod(smallest), use_bias=False, **_options(policy, "dense"))(latent)
    x = layers.Reshape(smallest, dtype=policy, name="maps")(x)  # (B, H/4, W/4, 2M)
    x = normalized(x, "batch", name="dense", dtype=policy)
    x = layers.ReLU(dtype=policy, name="dense_act")(x)
    x = _strided(layers.Conv2DTranspose, width, policy, "deconv2")(x)  # (B, H/2, W/2, M)
    x = normalized(x, "batch", name="deconv2", dtype=policy)
    x = layers.ReLU(dtype=policy, name="deconv2_act")(x)
    x = _strided(layers.Conv2DTranspose, channels, answer, "deconv1", use_bias=True)(x)
    extra = [(0, now - wanted) for now, wanted in zip(x.shape[1:3], (height, across), strict=True)]
    x = layers.Cropping2D(extra, **ON_MAPS, dtype=answer, name="cut")(x)
    pixels = layers.Activation("sigmoid", dtype=answer, name="pixels")(x)  # (B, height, width, channels)
    return _with_policy(keras.Model(latent, pixels, name="generator"), policy)


def make_discriminator(input_shape: Sequence[int], width: int, policy) -> keras.Model:
    """D: images -> maps that halve twice -> one logit."""
    answer = output_dtype(policy)
    images = keras.Input(tuple(input_shape), dtype=answer, name="images")
    x = _strided(layers.Conv2D, width, policy, "conv1", use_bias=True)(images)  # (B, H/2, W/2, M)
    x = layers.LeakyReLU(SLOPE, dtype=policy, name="conv1_act")(x)
    x = normalized(_strided(layers.Conv2D, 2 * width, policy, "conv2")(x), "batch", name="conv2", dtype=policy)
    x = layers.LeakyReLU(SLOPE, dtype=policy, name="conv2_act")(x)  # (B, H/4, W/4, 2M)
    x = layers.Flatten(**ON_MAPS, dtype=policy, name="flatten")(x)
    logit = layers.Dense(1, **_options(answer, "logit"))(x)  # (B, 1)
    return _with_policy(keras.Model(images, logit, name="discriminator"), policy)


def _with_policy(model: keras.Model, policy) -> keras.Model:
    model.dtype_policy = policy
    return model
