"""How `DeadUnitTracker` finds the units of a model, counts what they do, and shows it."""
