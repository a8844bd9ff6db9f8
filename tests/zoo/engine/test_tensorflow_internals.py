"""TensorFlow's private parts are still what the engine takes them for."""

import keras
import pytest

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's")


def test_operations_are_deterministic_for_the_time_of_a_block_only():
    from tensorflow.python.framework.config import is_op_determinism_enabled

    from gradschool.zoo.engine.tensorflow_internals import deterministic_operations

    with deterministic_operations():
        assert is_op_determinism_enabled()
        with deterministic_operations():
            pass
        assert is_op_determinism_enabled()
    assert not is_op_determinism_enabled()


def test_they_are_not_after_an_error_either():
    from tensorflow.python.framework.config import is_op_determinism_enabled

    from gradschool.zoo.engine.tensorflow_internals import deterministic_operations

    with pytest.raises(KeyError), deterministic_operations():
        raise KeyError
    assert not is_op_determinism_enabled()


@pytest.mark.slow
def test_a_fit_leaves_keras_its_jit_compile(tmp_path):
    from gradschool import zoo

    zoo.fit_recipe(zoo.find_recipe("perceptron"), tmp_path / "run")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)  # Keras warns where it does not, which is an error in these tests
    assert model.jit_compile


def test_what_is_replaced_of_a_strategy_is_there():
    import tensorflow as tf

    from gradschool.zoo.engine.tensorflow_internals import has_workers, updates_of_its_own

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    assert "_use_merge_call" in dir(strategy.extended)
    assert "_in_multi_worker_mode" in dir(strategy.extended)
    assert not has_workers(strategy)
    before = strategy.extended._use_merge_call()
    with updates_of_its_own(strategy):
        assert strategy.extended._use_merge_call() is False
    assert strategy.extended._use_merge_call() == before


def test_a_replicas_copy_of_a_variable():
    import tensorflow as tf

    from gradschool.zoo.engine.tensorflow_internals import copy_of_this_replica, let_replicas_write

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        variable = tf.Variable(1.0, aggregation=tf.VariableAggregation.MEAN)
    let_replicas_write(variable)
    strategy.run(lambda: copy_of_this_replica(variable).assign(3.0))
    assert variable.numpy() == 3.0
    plain = tf.Variable(1.0)
    let_replicas_write(plain)
    assert copy_of_this_replica(plain) is plain


def test_a_function_that_is_traced_often_is_not_complained_of(caplog):
    import tensorflow as tf

    from gradschool.zoo.engine.tensorflow_internals import without_tracing_warning

    def complaints(wrap):
        caplog.clear()
        function = wrap(tf.function(lambda x: x + 1))
        for size in range(1, 9):
            function(tf.zeros(size))
        return "retracing" in caplog.text

    assert complaints(lambda function: function)
    assert not complaints(without_tracing_warning)
