"""Several trainings of one model inside its own compiled step: each has values of its own for all that a step changes.

    for every copy k:   model <- values and optimizer of k;   logs_k = model.train_step(batch);   values of k <- model

The model is not cloned (a subclass, its `train_step`, and what it shares could not be): what changes hands are the
values of its variables. Exchanging them costs nothing:

    TensorFlow   a Keras variable holds a native one: while a copy's step is traced, it holds the copy's
    JAX          values are arguments and results of the step: those of the copies travel behind the metrics'
    PyTorch      a parameter is given the storage of the copy's

All copies begin with equal values, seeds included, and see the same batches: what differs is the optimizer alone. The
first copy is the model itself, with its own variables.
"""

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used

from .compiled_updates import compile_updates
from .copies_on_jax import Carried
from .fit_session import FitSession, replaced
from .gradient_stages import add_stage, stages_of
from .model_parts import number_of_replicas, parts_on_replicas
from .optimizer_copies import (
    build_optimizer,
    compiled_with,
    give_optimizer,
    refuse_what_copies_cannot_have,
    variables_without_decay,
)
from .random_state import global_seed_state, global_seed_there, read_torch_random, write_torch_random


class TrainingCopy:
    """One of the trainings.

    Args:
        name: of the copy.
        optimizer: of its own.
        pairs: the model's variables, each with the one that holds this copy's value; none for the model itself.
    """

    def __init__(self, name: str, optimizer: keras.optimizers.Optimizer, pairs: Sequence[tuple[Any, Any]]):
        self.name, self.optimizer, self.pairs = name, optimizer, list(pairs)
        self._twins = {id(own): twin for own, twin in pairs}

    def of(self, variable):
        """This copy's variable in place of one of the model's. The optimizer's are its own anyway."""
        return self._twins.get(id(variable), variable)


class TrainingCopies:
    """Lets every step of a fit train several copies of the model, and every test step test them.

    To be made in `on_train_begin`, when all other callbacks have attached what they attach: what they count is counted
    for every copy by itself, and they see the figures of the first.

    Args:
        fit: in which they train; the model is compiled and built.
        optimizers: not built, made under the model's strategy, by the name of the copy. The first is `model.optimizer`
            until the fit ends.
        xla: whether XLA compiles the optimizers' updates (on TensorFlow).
        record: what looks at every training step: `observe()` gives a tensor for the copy that has just made its step,
            `keep(tensors)` gets those of all copies, and `variables` are written by it.
        before_reset: called before the metrics of all copies begin to count anew.
    """

    def __init__(
        self,
        fit: FitSession,
        optimizers: Mapping[str, keras.optimizers.Optimizer],
        xla: bool = False,
        record: Any = None,
        before_reset: Callable[[], None] = lambda: None,
    ):
        self.model, self._fit, self._record = fit.model, fit, record
        refuse_what_copies_cannot_have(self.model)
        fit.enter(global_seed_there())
        self._before_reset = before_reset
        self._metrics = set(self.model.get_metrics_result())
        stages = stages_of(self.model)
        self._shared = self._shared_variables(stages)
        self._natives = {id(one): one._value for one in self._shared}
        self.copies = [
            TrainingCopy(name, optimizer, [(one, _twin(one, self.model)) for one in self._shared] if number else [])
            for number, (name, optimizer) in enumerate(optimizers.items())
        ]
        first = self.copies[0].optimizer
        fit.enter(replaced(self.model, "optimizer", first, unless_changed=True))
        fit.enter(replaced(self.model, "_compile_config", compiled_with(self.model, first), unless_changed=True))
        for one in self.copies:
            variables = self.model.trainable_variables
            without_decay = variables_without_decay(one.optimizer, variables)
            with self.entered(one), scope_of(self.model):
                build_optimizer(one.optimizer, variables, without_decay)
                for stage in stages:
                    add_stage(self.model, stage)
        if xla:
            compile_updates(fit, [one.optimizer for one in self.copies], self._shared)
        fit.optimizers.extend(one.optimizer for one in self.copies[1:])
        fit.variables.extend(twin for one in self.copies for _, twin in one.pairs)
        fit.variables.extend(record.variables if record else [])
        self._install()

    def _shared_variables(self, stages) -> list[Any]:
        """Everything of the model's, and of other callbacks', that a step changes."""
        found = [*self.model.variables, *self.model.metrics_variables, *self._fit.variables, *global_seed_state()]
        found += [variable for stage in stages for variable in stage.state.values()]
        return list({id(one): one for one in found}.values())

    # === One copy in the model's place ===
    @contextlib.contextmanager
    def entered(self, one: TrainingCopy) -> Iterator[None]:
        """For the time of the block, the model has this copy's values and optimizer."""
        self.model.__dict__["optimizer"] = one.optimizer
        self._exchange(one, enter=True)
        try:
            yield
        finally:
            self._exchange(one, enter=False)
            self.model.__dict__["optimizer"] = self.copies[0].optimizer

    def _exchange(self, one: TrainingCopy, enter: bool) -> None:
        backend = keras.backend.backend()
        for own, twin in one.pairs:
            if backend == "torch":
                own._value.data, twin._value.data = twin._value.data, own._value.data
            elif backend == "jax":
                own._value, twin._value = twin._value, own._value
            else:  # replicas' threads take turns: what is held must not depend on what was
                own._value = twin._value if enter else self._natives[id(own)]

    def metrics_of(self, one: TrainingCopy) -> dict[str, Any]:
        """A copy's metrics now, as NumPy values."""
        with self.entered(one):
            return {name: ops.convert_to_numpy(value) for name, value in self.model.get_metrics_result().items()}

    def weights_of(self, one: TrainingCopy) -> list[np.ndarray]:
        """A copy's weights now, as `model.get_weights` gives them."""
        with self.entered(one):
            return [np.array(value) for value in self.model.get_weights()]

    def finalize(self) -> None:
        """Does for the others what Keras does for the model's optimizer when training ends: averages of weights."""
        for one in self.copies[1:]:
            with self.entered(one):
                one.optimizer.finalize_variable_values(self.model.trainable_variables)

    def keep(self, one: TrainingCopy, optimizer: keras.optimizers.Optimizer) -> None:
        """Gives the model the values of a copy, and, once the fit is over, an optimizer that goes on from there.

        Args:
            one: the copy.
            optimizer: like the copy's, but not built; it gets the state of the copy's.
        """
        ours = {id(variable) for variable in self._shared}
        variables = self.model.trainable_variables
        with scope_of(self.model):
            build_optimizer(optimizer, variables, variables_without_decay(optimizer, variables))
        state = [variable for variable in one.optimizer.variables if id(variable) not in ours]
        for variable, value in zip(optimizer.variables, state, strict=True):
            variable.assign(ops.convert_to_tensor(value.value))
        for variable in self.model.variables:
            if one.pairs:
                variable.assign(ops.convert_to_tensor(one.of(variable).value))
        self._fit.afterwards(lambda: give_optimizer(self.model, optimizer))

    # === The steps ===
    def _install(self) -> None:
        model, fit = self.model, self._fit
        if keras.backend.backend() == "jax":
            steps = Carried(self, fit, self._record).steps()
        else:
            steps = {kind: self._step(kind, getattr(model, f"{kind}_step")) for kind in ("train", "test")}
        reset = model.reset_metrics

        def reset_metrics():
            self._before_reset()
            for one in self.copies:
                with self.entered(one):
                    reset()

        fit.override("reset_metrics", reset_metrics)
        for kind, step in steps.items():
            fit.override(f"{kind}_step", step)
        model.test_function = None  # one that exists would not see the change
        fit.undo_by(lambda: setattr(model, "test_function", None))
        fit.rebuild()

    def _step(self, kind: str, own: Callable) -> Callable:
        """The steps of all copies, in place of the model's own."""
        record = self._record if kind == "train" else None

        def step(*batch):
            logs, seen, random = {}, [], read_torch_random()
            for one in self.copies:
                write_torch_random(random)
                with self.entered(one):
                    logs |= self.named(one, own(*batch))
                    if record is not None:
                        seen.append(record.observe())
                    self._wait_for_replicas()
            if record is not None:
                record.keep(seen)
            return logs

        return step

    def named(self, one: TrainingCopy, logs: Mapping[str, Any] | None) -> dict[str, Any]:
        """What a copy's step has logged: all of the first's, and of others what Keras would not read from the metrics.

        It reads them where a step logs exactly these; where the names differ in any way, it takes what the step gave.
        """
        logs = dict(logs or {})
        if one is self.copies[0]:
            return logs
        return {} if set(logs) == self._metrics else {f"{name}/{one.name}": value for name, value in logs.items()}

    def _wait_for_replicas(self) -> None:
        """Lets the replicas of a process, which are traced in turns, come to the same copy's end."""
        if number_of_replicas(self.model) > 1:
            tf.distribute.get_replica_context().merge_call(lambda strategy: tf.constant(0))


def scope_of(model: keras.Model) -> contextlib.AbstractContextManager:
    """What the variables and optimizers of a model are made under."""
    return model.distribute_strategy.scope() if keras.backend.backend() == "tensorflow" else contextlib.nullcontext()


def _twin(variable, model):
    """A variable like another, with a value of its own, which is equal."""
    twin = copy.copy(variable)
    if keras.backend.backend() != "tensorflow":
        value = ops.copy(variable._value)
        twin._value = value.detach() if hasattr(value, "detach") else value
        return twin
    native = variable._value
    is_distributed = isinstance(native, tf.distribute.DistributedValues)
    with scope_of(model) if is_distributed else contextlib.nullcontext():
        twin._value = tf.Variable(
            tf.zeros(native.shape, native.dtype),
            trainable=native.trainable,
            name=native.name.removesuffix(":0"),
            synchronization=native.synchronization,
            aggregation=native.aggregation,
        )
    for part, value in zip(parts_on_replicas(twin._value), parts_on_replicas(native), strict=True):
        part.assign(value)
    return twin
