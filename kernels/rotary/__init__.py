"""Rotary position embedding, angles exact at any position."""
