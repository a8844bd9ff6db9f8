"""What `OptimizerComparison` needs beside the copies of a model."""
