"""Causal attention over a sliding window whose past lies in a ring, with optional lasting first tokens (sinks)."""
