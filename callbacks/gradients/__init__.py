"""What `GradientMonitor` measures, what it makes of it, and how it looks."""
