"""How many operations a second a large matrix product reaches: what a model's training could reach at best."""

import time

from .keras_contender import back_end, limit_threads

SIZE = 2048  # a product of 17 GFLOP: large enough to keep every core busy, and over in a tenth of a second on two


class MatrixProduct:
    """Multiplies two float32 matrices on Keras's back end, with the threads that training gets.

    Args:
        threads: for the back end's operations; its default for None.
    """

    def __init__(self, threads: int | None = None):
        limit_threads(threads)
        import keras

        self.version = back_end()
        self.a, self.b = (keras.random.uniform((SIZE, SIZE), seed=seed) for seed in (1, 2))
        self._multiply()

    def run(self, seconds: float) -> dict[str, float]:
        """Multiplies for about so many seconds; gives the operations per second in units of 1e9."""
        start, products = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < seconds or not products:
            self._multiply()
            products += 1
        return {"gflops": products * 2 * SIZE**3 / elapsed / 1e9}

    def _multiply(self) -> None:
        import keras

        product = keras.ops.matmul(self.a, self.b)
        keras.ops.convert_to_numpy(product[0, 0])  # waits for it
