"""Kernel tests run on one thread: test processes side by side would only wait for each other's."""

import torch

torch.set_num_threads(1)
