"""Pictures cut into normalised patches, in one pass."""
