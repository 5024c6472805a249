"""The published systems, from captures to score tables and pictures: `python -m recipes`."""
