"""Training data: drawn screens, text-only recall, and the rows made of them. Deterministic from a seed."""
