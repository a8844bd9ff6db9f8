"""Which samples are for training, which for validation and which for the test.

The validation part chooses settings, the test part is looked at once at the end; no sample is in two of them. Splits
by class keep every class's share (stratified); splits of a series follow the calendar.
"""

import numpy as np

from ..checks import check_number

TEST_SHARE = 0.2  # of the samples, where nobody else has set a test part aside

Parts = dict[str, np.ndarray]  # "train", "validation", "test" -> sorted indices of samples


def check_share(validation_share: float) -> None:
    """Refuses a share outside [0, 1)."""
    check_number("validation_share", validation_share, "[0, 1)", ", such as 0.1, which holds out a tenth")


def hold_out(labels: np.ndarray, share: float, seed: int, purpose: str) -> tuple[np.ndarray, np.ndarray]:
    """Draws a share of the samples, from every class alike, and at least one sample of each.

    Args:
        labels: int array, shape `(N,)`.
        share: of the samples to draw, in [0, 1).
        seed: of the draw.
        purpose: what the drawn samples are for; named in the error.

    Returns:
        Indices kept and indices drawn, each sorted; every class is in both.

    Raises:
        ValueError: if a class is too small to be in both, or the share for all classes to be in it.

    Example:
        >>> kept, drawn = hold_out(np.array([0, 1] * 50), share=0.1, seed=0, purpose="validation")
        >>> len(kept), np.bincount(np.array([0, 1] * 50)[drawn]).tolist()
        (90, [5, 5])
    """
    if share == 0:
        return np.arange(len(labels)), np.arange(0)
    from sklearn.model_selection import train_test_split

    classes, counts = np.unique(labels, return_counts=True)
    drawn = round(share * len(labels))
    if counts.min() < 2 or min(drawn, len(labels) - drawn) < len(classes):
        raise ValueError(
            f"{len(labels)} samples of {len(classes)} classes (the smallest has {counts.min()}) are too few to set "
            f"{share:.0%} aside for {purpose}; add samples or change the share."
        )
    parts = train_test_split(np.arange(len(labels)), test_size=drawn, random_state=seed, stratify=labels)
    _give_every_class(labels, parts[0], parts[1])
    _give_every_class(labels, parts[1], parts[0])
    return np.sort(parts[0]), np.sort(parts[1])


def _give_every_class(labels: np.ndarray, giver: np.ndarray, taker: np.ndarray) -> None:
    """Exchanges, in place, a sample of each class that `taker` lacks for one of the class it has most of.

    A stratified draw rounds the share of a small class, and may round it to none.
    """
    for lacking in np.setdiff1d(labels, labels[taker]):
        classes, counts = np.unique(labels[taker], return_counts=True)
        given = np.flatnonzero(labels[giver] == lacking)[0]
        returned = np.flatnonzero(labels[taker] == classes[counts.argmax()])[0]
        giver[given], taker[returned] = taker[returned], giver[given]


def check_fold(fold: tuple[int, int]) -> tuple[int, int]:
    """The pair (k, K), refused unless 0 <= k < K and K > 1."""
    whole = isinstance(fold, (tuple, list)) and len(fold) == 2 and all(type(number) is int for number in fold)
    if not whole or not 0 <= fold[0] < fold[1] or fold[1] < 2:
        raise ValueError(f"fold must be (k, K) with 0 <= k < K and K at least 2, such as (0, 5); got {fold!r}.")
    return fold[0], fold[1]


def stratified_parts(
    labels: np.ndarray, validation_share: float, seed: int, fold: tuple[int, int] | None = None
) -> Parts:
    """Splits samples of which none has been set aside yet.

    Args:
        labels: int array, shape `(N,)`.
        validation_share: share of what is not test, in [0, 1).
        seed: of both draws.
        fold: `(k, K)` makes fold k of K the test part, so that the K test parts together are all samples
            (cross-validation). None draws a test part of `TEST_SHARE`.

    Returns:
        The indices of each part.
    """
    check_share(validation_share)
    if fold is None:
        rest, test = hold_out(labels, TEST_SHARE, seed, "the test")
    else:
        rest, test = _cross_validation(labels, seed, *check_fold(fold))
    kept, validation = hold_out(labels[rest], validation_share, seed, "validation")
    return {"train": rest[kept], "validation": rest[validation], "test": test}


def _cross_validation(labels: np.ndarray, seed: int, k: int, folds: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import StratifiedKFold

    if np.unique(labels, return_counts=True)[1].min() < folds:
        raise ValueError(f"fold: the smallest class has fewer samples than the {folds} folds asked for; ask for fewer.")
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(labels, labels))[k]


def calendar_parts(days: int, validation_share: float) -> dict[str, range]:
    """Splits a series of days: the oldest to train, then validation, the newest `TEST_SHARE` to test.

    Example:
        >>> calendar_parts(100, validation_share=0.1)
        {'train': range(0, 72), 'validation': range(72, 80), 'test': range(80, 100)}
    """
    check_share(validation_share)
    test = days - round(TEST_SHARE * days)
    validation = test - round(validation_share * test)
    return {"train": range(validation), "validation": range(validation, test), "test": range(test, days)}
