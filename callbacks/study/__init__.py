"""The parts of `compare_optimizers`: sweep, runs, figures with their intervals, and the report."""
