"""The time between two values of a regular series, in words: "hour", "3 days", "steps of 15 minutes"."""

from datetime import timedelta

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
_UNITS = {
    "week": WEEK,
    "day": DAY,
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
}


def step_name(step: timedelta) -> str:
    """What a step is called.

    Example:
        >>> step_name(timedelta(hours=1)), step_name(timedelta(minutes=15))
        ('hour', 'step of 15 minutes')
    """
    return next((name for name, unit in _UNITS.items() if unit == step), f"step of {duration(step)}")


def plural(step: str) -> str:
    """Several steps of a name.

    Example:
        >>> plural("day"), plural("step of 15 minutes")
        ('days', 'steps of 15 minutes')
    """
    return step.replace("step", "steps", 1) if step.startswith("step") else f"{step}s"


def counted(count: int, step: str) -> str:
    """A number of steps.

    Example:
        >>> counted(1, "hour"), counted(0, "day")
        ('1 hour', '0 days')
    """
    return f"{count:,} {step if count == 1 else plural(step)}"


def duration(time: timedelta) -> str:
    """A time in the largest unit of which it is a whole number.

    Example:
        >>> duration(timedelta(days=3)), duration(timedelta(hours=25)), duration(timedelta(days=14))
        ('3 days', '25 hours', '14 days')
    """
    for name, unit in _UNITS.items():
        if name != "week" and time and not time % unit:
            return counted(time // unit, name)
    return str(time)
