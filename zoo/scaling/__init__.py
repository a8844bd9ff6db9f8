"""How training scales over replicas: measured here, explained by a cost model, predicted for more accelerators.

    model.py             the cost model: the equations, in NumPy
    measuring.py         one number of replicas, a process of its own
    measurement.py       starts these processes, and reads a measurement back from its file
    fitting.py           the model's four costs from what was measured, and how well it predicts what it has not seen
    prediction.py        strong and weak scaling to N accelerators, here or on other hardware
    report.py            the tables

The parent imports neither Keras nor TensorFlow: it sleeps while a process measures.
"""
