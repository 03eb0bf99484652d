"""The gated product inside a SwiGLU block."""
