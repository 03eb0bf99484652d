"""The causal depth-wise convolution of a few taps in front of the gated delta rule."""
