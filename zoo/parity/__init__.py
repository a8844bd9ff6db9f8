"""Parity: the proof that a model trains to the same weights on one device, on several replicas and on several workers.

`cases.py` holds small trainings, `training.py` is a process that runs them under one strategy, `running.py` starts such
processes, `comparing.py` says what "the same" means, and `report.py` makes the table of `gradschool parity`.
"""
