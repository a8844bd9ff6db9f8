"""What callbacks change about a model lasts for one `fit`, however that ends.

Keras tells callbacks when training has ended well, and nothing when it was broken off. So every change to a model is
entered in the session of its fit, which undoes all of them, the last one first:

    fit ends      the last of our callbacks leaves in `on_train_end`
    fit raises    in a step, a callback or the validation: these are called through the session
    or elsewhere  between them, as Ctrl-C may: Keras's list of callbacks, which only lives in that call, is freed; or,
                  if a kept traceback holds it, the next call that trains the model notices that the fit is over

The session also moves our callbacks to the front of the list, so that whatever looks at the logs (TensorBoard,
CSVLogger, EarlyStopping, ModelCheckpoint) finds our figures there, in whichever order the callbacks were given.
"""

import contextlib
import functools
import itertools
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

import keras

_SESSION = "_gradschool_fit"
_NUMBERS = itertools.count(1)


class FitSession:
    """The changes that our callbacks make to a model for the time of one fit. `join` gives it.

    Attributes:
        model: that is being fitted.
        callbacks: Keras's list of all callbacks of the fit.
        number: of this fit, unlike that of any other in this process.
        initial_epoch: how many epochs are taken for done.
        variables: the variables that were added to the compiled step beside those of gradient stages.
        optimizers: the optimizers that train in it beside the model's own.
        handles_nonfinite: whether a callback sees to gradients that are not finite, so that no guard has to.
        error: raised when the fit has ended well, and everybody has had the last word.
        rounds_as_ever: whether a loop is to compile the steps as it would without callbacks, to give the same figures
            bit for bit.
    """

    handles_nonfinite = False
    error: BaseException | None = None
    rounds_as_ever = True

    def __init__(self, model: keras.Model, callback_list: keras.callbacks.CallbackList, frame: types.FrameType):
        self.model = model
        self.number = next(_NUMBERS)
        self.variables: list[Any] = []
        self.optimizers: list[keras.optimizers.Optimizer] = []
        self._callbacks = weakref.ref(callback_list)
        self._frame = id(frame)
        self.initial_epoch = _initial_epoch(frame)
        self._members: list[keras.callbacks.Callback] = []
        self._stack = contextlib.ExitStack()
        self._afterwards: list[Callable[[], None]] = []
        self._finalizer = weakref.finalize(callback_list, self.close)
        self._finalizer.atexit = False
        model.__dict__[_SESSION] = self
        if "make_train_function" not in model.__dict__:  # the engine has its own way of knowing that a fit is over
            self.override("make_train_function", self._make_train_function)
            self._close_if_it_raises(callback_list, frame.f_locals.get("epoch_iterator"))
        self._replace_weakly(
            callback_list, "on_train_end", self._raising_in_the_end(_without_holding(callback_list, "on_train_end"))
        )

    @classmethod
    def join(cls, callback: keras.callbacks.Callback) -> "FitSession":
        """The session of the fit that `callback` takes part in. To be called in its `on_train_begin`."""
        model, frame = callback.model, sys._getframe()
        while frame is not None and not _begins_training(frame, callback):
            frame = frame.f_back  # type: ignore[assignment]
        if frame is None or frame.f_back is None:
            raise RuntimeError(f"{type(callback).__name__} belongs into callbacks=[...] of model.fit.")
        callback_list, fit = frame.f_locals["self"], frame.f_back
        session = model.__dict__.get(_SESSION)
        if session is None or session._callbacks() is not callback_list:
            close_session(model)
            session = cls(model, callback_list, fit)
        if session.has(callback):
            raise ValueError(f"callbacks has the same {type(callback).__name__} twice: leave one out.")
        session._members.append(callback)
        ours = [one for one in callback_list.callbacks if any(one is member for member in session._members)]
        others = [one for one in callback_list.callbacks if not any(one is member for member in session._members)]
        callback_list.callbacks = sorted(ours, key=lambda one: getattr(one, "order", 0)) + others
        return session

    @property
    def callbacks(self) -> list[keras.callbacks.Callback]:
        """All callbacks of the fit, ours first."""
        callback_list = self._callbacks()
        return [] if callback_list is None else list(callback_list.callbacks)

    def enter(self, context: contextlib.AbstractContextManager) -> Any:
        """Enters a context, which is left when the fit ends."""
        return self._stack.enter_context(context)

    def undo_by(self, undo: Callable[[], None]) -> None:
        """Calls `undo` when the fit ends."""
        self._stack.callback(undo)

    def afterwards(self, action: Callable[[], None]) -> None:
        """Calls `action` when the fit has ended and everything is undone, for what is to stay."""
        self._afterwards.append(action)

    def override(self, name: str, method: Callable[..., Any]) -> None:
        """Lets `model.NAME` be `method` until the fit ends; what was on the instance before comes back."""
        self.enter(replaced(self.model, name, method))

    def has(self, callback: keras.callbacks.Callback) -> bool:
        """Whether a callback has joined."""
        return any(one is callback for one in self._members)

    def rebuild(self) -> None:
        """Has the compiled step made anew: one that exists would not see a change."""
        rebuild_step(self.model)

    def leave(self, callback: keras.callbacks.Callback) -> None:
        """To be called in a callback's `on_train_end`; the last one that leaves closes the session."""
        self._members = [one for one in self._members if one is not callback]
        if not self._members:
            self.close()

    def close(self) -> None:
        """Undoes everything."""
        self._finalizer.detach()
        if keras.backend.backend() == "jax":  # while the variables are still those that the state was made of
            self.model.jax_state_sync()
        if self.model.__dict__.get(_SESSION) is self:
            del self.model.__dict__[_SESSION]
        try:
            self._stack.close()
            for action in self._afterwards:
                action()
        finally:
            self.variables, self.optimizers, self._afterwards = [], [], []
            rebuild_step(self.model)

    def _raising_in_the_end(self, on_train_end):
        @functools.wraps(on_train_end)
        def raising(*args, **kwargs):
            on_train_end(*args, **kwargs)
            if self.error is not None:
                raise self.error

        return raising

    # === Whether the fit is still going on ===
    def _close_if_it_raises(self, callback_list, epoch_iterator) -> None:
        names = ["on_epoch_begin", "on_epoch_end", "on_train_end"]
        if keras.backend.backend() == "torch":  # whose fit has nothing around the steps of an epoch
            names += ["on_train_batch_begin", "on_train_batch_end"]
        for name in names:
            self._replace_weakly(callback_list, name, self._closing(_without_holding(callback_list, name)))
        for other in callback_list.callbacks:
            self.enter(replaced(other, "on_train_begin", self._closing(other.on_train_begin)))
        self.enter(replaced(self.model, "evaluate", self._closing_for_fit(self.model.evaluate)))
        if epoch_iterator is not None:
            own = _without_holding(epoch_iterator, "catch_stop_iteration")

            @contextlib.contextmanager
            def catch_stop_iteration():
                with self._closed_by_errors(), own():
                    yield

            self._replace_weakly(epoch_iterator, "catch_stop_iteration", catch_stop_iteration)

    def _replace_weakly(self, owner: Any, name: str, method: Callable[..., Any]) -> None:
        """Replaces a method of something that only lives as long as the fit, and must not be kept alive by this."""
        owner.__dict__[name], bound_to = method, weakref.ref(owner)

        def undo() -> None:
            still_there = bound_to()
            if still_there is not None and still_there.__dict__.get(name) is method:
                del still_there.__dict__[name]

        self.undo_by(undo)

    def _closing(self, method):
        @functools.wraps(method)
        def closing(*args, **kwargs):
            with self._closed_by_errors():
                return method(*args, **kwargs)

        return closing

    def _closing_for_fit(self, method):
        """Likewise, where the fit itself calls it: what a callback calls may fail without an end to the fit."""

        @functools.wraps(method)
        def closing(*args, **kwargs):
            is_of_fit = id(sys._getframe(1)) == self._frame
            with self._closed_by_errors() if is_of_fit else contextlib.nullcontext():
                return method(*args, **kwargs)

        return closing

    @contextlib.contextmanager
    def _closed_by_errors(self):
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _make_train_function(self, force: bool = False) -> None:
        """In place of the model's own, which every call that trains asks for."""
        model = self.model
        if not force and not self._is_running():
            self.close()
            model.make_train_function()
        else:
            type(model).make_train_function(model, force)
            if keras.backend.backend() == "torch":
                model.train_function = self._closing(model.train_function)

    def _is_running(self) -> bool:
        """Whether the call of fit is on the stack; a frame that is over but kept alive is not."""
        frame: types.FrameType | None = sys._getframe()
        while self._callbacks() is not None and frame is not None:
            if id(frame) == self._frame:
                return True
            frame = frame.f_back
        return False


def _without_holding(owner: Any, name: str) -> Callable[..., Any]:
    """A method that does not keep its owner alive."""
    method = getattr(owner, name)
    bound_to, function = weakref.ref(owner), getattr(method, "__func__", None)
    if function is None:  # somebody else's replacement, which holds what it holds
        return method
    return functools.wraps(function)(lambda *args, **kwargs: function(bound_to(), *args, **kwargs))


def session_of(model: keras.Model) -> FitSession | None:
    """The session of the fit that a model is in, if one of our callbacks takes part."""
    return model.__dict__.get(_SESSION)


def close_session(model: keras.Model) -> None:
    """Undoes what our callbacks have changed about a model; for loops of training that know when they end."""
    session = session_of(model)
    if session is not None:
        session.close()


@contextlib.contextmanager
def replaced(owner: Any, name: str, value: Any, unless_changed: bool = False):
    """For the time of the block, `owner.name` is `value`; Keras's tracking of attributes does not notice.

    Args:
        owner: whose attribute it is.
        name: of the attribute.
        value: that it has.
        unless_changed: whether what somebody else has put there in the meantime is left.
    """
    missing = object()
    before = owner.__dict__.get(name, missing)
    owner.__dict__[name] = value
    try:
        yield
    finally:
        is_ours = owner.__dict__.get(name, missing) is value
        if before is not missing and (is_ours or not unless_changed):
            owner.__dict__[name] = before
        elif is_ours or not unless_changed:
            owner.__dict__.pop(name, None)


def refuse_tf_function(name: str, method: Any) -> None:
    """Refuses a method that TensorFlow keeps compiled by itself, and with it what was there when it was traced.

    Raises:
        ValueError: names the method.
    """
    if hasattr(method, "get_concrete_function"):
        raise ValueError(
            f"{name} is a tf.function, which keeps to what its first trace has found. Leave that out: model.fit "
            "compiles it anyway."
        )


def rebuild_step(model: keras.Model) -> None:
    """Has a model's compiled training step made anew, if there is one."""
    if model.train_function is not None or "make_train_function" in model.__dict__:
        model.make_train_function(force=True)
    if session_of(model) is not None and hasattr(model, "_record_training_state_sharding_spec"):
        model._record_training_state_sharding_spec()  # on JAX, Keras 3.10 has noted where each variable lies before


def _initial_epoch(frame: types.FrameType | None) -> int:
    """The argument of the `fit` that a frame belongs to: Keras's own, or another loop's."""
    while frame is not None:
        if "initial_epoch" in frame.f_locals:
            return int(frame.f_locals["initial_epoch"] or 0)
        frame = frame.f_back
    return 0


def _begins_training(frame: types.FrameType, callback) -> bool:
    """Whether this is the call in which a list of callbacks tells `callback` that training begins."""
    holder = frame.f_locals.get("self")
    if frame.f_code.co_name != "on_train_begin" or not isinstance(holder, keras.callbacks.CallbackList):
        return False
    return any(one is callback for one in holder.callbacks)
