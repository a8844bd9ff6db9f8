"""How fast a zoo model trains: its `fit` beside Keras's own and a PyTorch loop, in short alternating rounds of one run.

    cases.py             what is measured, and the goals
    contender.py         one contender, a process of its own: keras_contender.py, torch_contender.py, matrix_product.py
    process.py           the parent's end of the pipe to a contender; serving.py is the contender's
    benchmark.py         checks that all contenders do the same work, then lets them take turns
    figures.py           medians and ratios
    report.py            the table

The parent imports neither Keras nor PyTorch: it sleeps while a contender works.
"""
