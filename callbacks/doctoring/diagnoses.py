"""What a training run's figures say is wrong with it: one rule for each condition, on the epochs so far.

Notation: l_t is the training loss of epoch t, v_t the validation loss; p the patience, in epochs; u the loss of an
untrained model and g that of the best answer that is the same for all samples (`guessing.py`).

    learning rate too high   l_t is not finite; or l_t > 3 l_1, or > 1.5 l_1 in two epochs; or in the last p epochs the
                             loss rose by more than half its mean, and half of l_1, in all; or updates are longer than
                             0.3 of the weights, or were longer than 0.1 once and now l_t > 0.9 l_1, or longer than
                             0.05 once and units have died; or l_1 > 10 u, and in the last p epochs the loss, no longer
                             falling by 0.1, stayed above 3 u, or above 0.9 g with an accuracy that is no more than
                             guessed
    learning rate too low    after p epochs l_t > 0.9 l_1, the loss falls in a straight line (each of the last p
                             changes is down, the last half to twice as large as the first), and updates, if measured,
                             are shorter than 1/1000 of the weights, or 1/10 000 if the fall is below 0.5 %; and, as
                             for a plateau, nothing says that the model knows more than that, or updates are shorter
                             than 1/100 000
    plateau                  in the last p epochs the loss has moved by less than 1 %, to and fro or by less than 0.1 %,
                             and it is still above 0.9 l_1; the optimizer was new in epoch 1, l_t > 0.9 g, and the
                             accuracy is no more than guessed: a model that has converged stays where it is as well
    overfitting              all of the last p validation losses are at least 1.25 times the least one, by a tenth of
                             v_1 and of l_1 or more; and the training loss has fallen since that one, with no rises
                             that come to half its mean in the last p epochs
    exploding, vanishing     as `GradientMonitor` finds (`gradients/findings.py`)
    dead units               more than 0.4 of a layer's units never fired in an epoch, three epochs running; not of
                             leaky ReLUs, whose gradient goes on
    saturated units          more than half of a layer's units lay at a limit nearly always, three epochs running; not
                             the model's outputs, whose limits are the right answers

A figure that was not measured makes its rule silent, or is not asked for where the rule has others. The bounds are
wide, so that healthy runs with their noise stay below them. A loss near zero multiplies easily without harm, so that
rises are also measured by the first loss. An update of 1/1000 of the weights is usual, and 1/10 or 1/10 000 is neither.
"""

import itertools
import math
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .finding import finding
from .guessing import Guess

Epochs = Sequence[Mapping[str, Any]]  # the logs of the epochs so far, with `epoch`
LITTLE = 0.9  # of the first loss: whoever is above has learned next to nothing
GUESSED = 0.1  # of what there is to gain beyond a guess: an accuracy that gains less is one
ACCURACIES = ("accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy")
DEAD, SATURATED = 0.4, 0.5  # shares of a layer's units
LASTING = 3  # epochs
TINY = 1e-5  # of the weights: an update that no fit needs so many of

LEAKY = ("leakyrelu", "prelu")
SLOWER = "Lower the learning rate, by 3 to 10 times; LearningRateFinder shows the range that trains. "


def look_at_epochs(
    epochs: Epochs, patience: int, dying: bool = False, fresh: bool = True, guess: Guess | None = None
) -> Iterator[dict[str, Any]]:
    """What is wrong by the losses of the epochs so far.

    Args:
        epochs: the logs of each, `loss` at least; `val_loss`, `accuracy`, `update_ratio` where there are any.
        patience: p, how many epochs make a trend; at least 2.
        dying: whether a layer's units were found dead.
        fresh: whether the optimizer was new before the first of them, so that nothing was learned by then.
        guess: what is reached by guessing.

    Yields:
        For each trouble `condition`, `layer` (None), `evidence` and `remedy`.

    Example:
        >>> epochs = [{"epoch": n, "loss": loss} for n, loss in enumerate([1.0, 5.0], 1)]
        >>> [one["evidence"] for one in look_at_epochs(epochs, 5)]
        ['the loss rose from 1 in epoch 1 to 5']
    """
    losses = [float(row["loss"]) for row in epochs if row.get("loss") is not None]
    if not losses or len(losses) < len(epochs):
        return
    guess = guess or Guess()
    evidence = _too_high(epochs, losses, patience, dying) or _never_recovered(epochs, losses, patience, guess)
    if evidence is not None:
        yield finding("learning rate too high", evidence, SLOWER + "Clipping the gradients helps against single jumps.")
        return  # what else the losses do follows from it
    has_learned_little = fresh and losses[-1] > LITTLE * losses[0] > 0
    has_learned_nothing = has_learned_little and _guesses(epochs[-1], guess)
    hardly_moves = has_learned_little and (_update_ratio(epochs[-1]) or 1.0) < TINY
    if (has_learned_nothing or hardly_moves) and (evidence := _too_low(epochs, losses, patience)) is not None:
        remedy = "Raise the learning rate, by 3 to 10 times; LearningRateFinder shows the range that trains."
        yield finding("learning rate too low", evidence, remedy)
    elif has_learned_nothing and (evidence := _plateau(epochs, losses, patience)) is not None:
        yield finding(
            "plateau",
            evidence,
            "Change the learning rate (ReduceLROnPlateau lowers it), give the model more units, or look at whether "
            "inputs and labels belong together.",
        )
    if (evidence := _overfitting(epochs, losses, patience)) is not None:
        yield finding(
            "overfitting",
            evidence,
            "Stop earlier (EarlyStopping with restore_best_weights=True), or use dropout, weight decay, augmentation, "
            "more data or a smaller model.",
        )


def look_at_gradients(findings: Sequence[Mapping[str, Any]], clipped: bool = False) -> Iterator[dict[str, Any]]:
    """A `GradientMonitor`'s findings of an epoch, with what to do.

    Args:
        findings: of the epoch.
        clipped: whether gradients are clipped already.
    """
    remedies = {
        "vanishing": "Use ReLU-like activations with He initialization in place of sigmoids, normalization layers, or "
        "shortcuts past the layers; in recurrent nets LSTM or GRU.",
        "exploding": "Lower the learning rate, start from smaller weights, or look for samples that are not finite."
        if clipped
        else "Clip the gradients, GradientClipping(global_norm=1.0), lower the learning rate, or start from smaller "
        "weights.",
    }
    for one in findings:
        condition = f"{one['condition']} gradients"
        yield finding(condition, one["evidence"], remedies[one["condition"]], one["layer"])


def look_at_units(
    rows: Sequence[Mapping[str, Any]], epochs: int = 1, outputs: Collection[str] = ()
) -> Iterator[dict[str, Any]]:
    """Dead and saturated layers, by a `DeadUnitTracker`'s rows.

    Args:
        rows: one for each layer and epoch.
        epochs: through how many, up to the last, a layer has to be in trouble.
        outputs: the layers that give the model's outputs.

    Example:
        >>> row = {"epoch": 1, "layer": "hidden", "units": 8, "dead": 4, "dead_fraction": 0.5}
        >>> [one["evidence"] for one in look_at_units([row])]
        ['4 of its 8 units fired for no sample of the epoch']
    """
    by_layer: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_layer.setdefault(row["layer"], []).append(row)
    for layer, own in by_layer.items():
        row, last = own[-1], own[-epochs:]
        is_leaky = str(row.get("activation")).replace("_", "").lower() in LEAKY
        if len(last) == epochs and not is_leaky and all((one.get("dead_fraction") or 0) > DEAD for one in last):
            evidence = f"{row['dead']:g} of its {row['units']} units fired for no sample of the epoch"
            remedy = (
                "Lower the learning rate, use He initialization with biases of 0, or leaky ReLU, ELU or SELU, which "
                "keep a gradient."
            )
            yield finding("dead units", evidence, remedy, layer)
        saturated = all((one.get("saturated_fraction") or 0) > SATURATED for one in last)
        if len(last) == epochs and saturated and layer not in outputs:
            evidence = f"{row['saturated']:g} of its {row['units']} units were at a limit for nearly every sample"
            remedy = (
                "Normalize the inputs, start from smaller weights (Glorot), or use a normalization layer before it."
            )
            yield finding("saturated units", evidence, remedy, layer)


def leave_out_consequences(
    findings: Sequence[dict[str, Any]], units: Sequence[Mapping[str, Any]], stopped: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The findings without those that only follow from others.

    Nothing learns below a layer all of whose units are dead. Where a learning rate was too high, layers may get no
    gradient any more.

    Args:
        findings: of one epoch.
        units: the rows of a `DeadUnitTracker` of that epoch.
        stopped: the layers without any gradient, if the learning rate was found too high by then.
    """
    findings = [one for one in findings if one["condition"] != "vanishing gradients" or one["layer"] not in stopped]
    if not any((row.get("dead_fraction") or 0) >= 1 for row in units):
        return findings
    follow = ("vanishing gradients", "learning rate too low", "plateau")
    return [one for one in findings if one["condition"] not in follow]


# === Rules ===
def _too_high(epochs: Epochs, losses: Sequence[float], patience: int, dying: bool) -> str | None:
    first, now = losses[0], losses[-1]
    if not math.isfinite(now):
        first_bad = next(row["epoch"] for row, loss in zip(epochs, losses, strict=True) if not math.isfinite(loss))
        return f"the loss became {now} in epoch {first_bad}"
    if first > 0 and (now > 3 * first or min(losses[-2:]) > 1.5 * first):
        return f"the loss rose from {first:.3g} in epoch {epochs[0]['epoch']} to {now:.3g}"
    if len(losses) > patience and (rises := _rises(losses, patience)) > 0.5 * max(abs(first), _mean(losses, patience)):
        return f"in the last {patience} epochs the loss rose by {rises:.3g} in all, and is {now:.3g}"
    ratio = _update_ratio(epochs[-1])
    if ratio is not None and ratio > 0.3:
        return f"an update changes the weights by {ratio:.2g} of their length on average"
    longest, when = max((_update_ratio(row) or 0.0, row["epoch"]) for row in epochs)
    if len(losses) > 1 and ((longest > 0.1 and now > LITTLE * first > 0) or (longest > 0.05 and dying)):
        beside = "and units have died" if dying else f"and the loss is still {now:.3g}"
        return f"an update changed the weights by {longest:.2g} of their length on average in epoch {when}, {beside}"
    return None


def _never_recovered(epochs: Epochs, losses: Sequence[float], patience: int, guess: Guess) -> str | None:
    """For a loss that exploded in the first epoch, beside which all that follows is small."""
    first, now, untrained = losses[0], losses[-1], guess.untrained
    if untrained is None or len(losses) <= patience or not first > 10 * untrained > 0:
        return None
    if now <= LITTLE * losses[-patience] or not (now > 3 * untrained or _guesses(epochs[-1], guess)):
        return None
    return (
        f"in epoch {epochs[0]['epoch']} the loss was {first:.3g} on average, while an untrained model's would be about "
        f"{untrained:.2g}; now it stays at {now:.3g}"
    )


def _guesses(row: Mapping[str, Any], guess: Guess) -> bool:
    """Whether nothing shows that a model does better than guessing."""
    if guess.loss is not None and row["loss"] <= LITTLE * guess.loss:
        return False
    accuracy, chance = _accuracy(row), GUESSED if guess.accuracy is None else guess.accuracy
    return accuracy is None or accuracy - chance < GUESSED * (1 - chance)


def _accuracy(row: Mapping[str, Any]) -> float | None:
    return next((row[name] for name in ACCURACIES if row.get(name) is not None), None)


def _update_ratio(row: Mapping[str, Any]) -> float | None:
    """That of an epoch; None if it was not measured, or came out as no number."""
    ratio = row.get("update_ratio")
    return ratio if ratio is not None and math.isfinite(ratio) else None


def _rises(losses: Sequence[float], patience: int) -> float:
    """By how much the loss went up in the last epochs, whenever it did."""
    return sum(max(0.0, after - before) for before, after in itertools.pairwise(losses[-patience - 1 :]))


def _mean(losses: Sequence[float], patience: int) -> float:
    return abs(statistics.fmean(losses[-patience - 1 :]))


def _too_low(epochs: Epochs, losses: Sequence[float], patience: int) -> str | None:
    last = losses[-patience - 1 :]
    if len(last) <= patience:
        return None
    falls = [before - after for before, after in itertools.pairwise(last)]
    ratio = _update_ratio(epochs[-1])
    if min(falls) <= 0 or not 0.5 <= falls[-1] / falls[0] <= 2:
        return None
    if ratio is not None and ratio > (1e-3 if sum(falls) > 0.005 * losses[-1] else 1e-4):
        return None  # the rate is not what it is for want of
    share = 1 - losses[-1] / losses[0]
    measured = "" if ratio is None else f", with updates of {ratio:.2g} of the weights' length"
    return f"the loss falls steadily but has lost only {share:.2g} of its first value in {len(losses)} epochs{measured}"


def _plateau(epochs: Epochs, losses: Sequence[float], patience: int) -> str | None:
    last = losses[-patience - 1 :]
    if len(last) <= patience or not max(last) - min(last) < 0.01 * abs(statistics.fmean(last)):
        return None
    if last[0] - last[-1] > max(0.5 * (max(last) - min(last)), 1e-3 * abs(last[-1])):
        return None  # it is on its way
    accuracy = _accuracy(epochs[-1])
    beside = "" if accuracy is None else f", at an accuracy of {accuracy:.3g}"
    return f"the loss has stayed between {min(last):.4g} and {max(last):.4g} for {patience} epochs{beside}"


def _overfitting(epochs: Epochs, losses: Sequence[float], patience: int) -> str | None:
    held_out = [float(row.get("val_loss", math.nan)) for row in epochs]
    if len(held_out) <= patience or not all(map(math.isfinite, held_out)):
        return None
    least = min(range(len(held_out)), key=held_out.__getitem__)
    recent, lowest = min(held_out[-patience:]), held_out[least]
    rises = recent > 1.25 * lowest > 0 and recent - lowest > 0.1 * max(held_out[0], losses[0])
    if not rises or losses[-1] >= losses[least]:
        return None
    if _rises(losses, patience) > 0.5 * _mean(losses, patience):
        return None  # training itself goes to and fro
    return (
        f"the validation loss was least in epoch {epochs[least]['epoch']} ({lowest:.3g}) and has been {recent:.3g} or "
        f"more for {patience} epochs, while the training loss fell from {losses[least]:.3g} to {losses[-1]:.3g}"
    )
