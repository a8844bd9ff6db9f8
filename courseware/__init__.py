"""The course itself: lessons, experiments and assignments."""

if __name__ != "gradschool.courseware":
    raise ImportError(f"this package is gradschool.courseware, not {__name__}: `from gradschool import courseware`")
