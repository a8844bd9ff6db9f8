"""The page that `write_report` writes: findings, curves, and the HTML around them."""
