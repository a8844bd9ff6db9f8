"""Callbacks for any Keras project: `model.fit(..., callbacks=[...])`, without the zoo."""

if __name__ != "gradschool.callbacks":
    raise ImportError(f"this package is gradschool.callbacks, not {__name__}: write `from gradschool import callbacks`")
