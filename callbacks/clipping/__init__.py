"""How `GradientClipping` clips: the rules, and the stage that runs them in the compiled step."""
