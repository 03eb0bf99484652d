"""The gated delta rule: a matrix memory a head that decays, corrects itself and is read, token by token."""
