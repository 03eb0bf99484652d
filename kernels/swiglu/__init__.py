"""Normalisations: RMSNorm, RMSNorm with an output gate, and the L2 norm of queries and keys."""
