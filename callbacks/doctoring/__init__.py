"""What `TrainingDoctor` looks at, and what it concludes."""
