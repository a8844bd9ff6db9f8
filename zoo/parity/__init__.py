"""Parity: the proof that a model trains to the same weights on one device, on several replicas and on several workers."""
