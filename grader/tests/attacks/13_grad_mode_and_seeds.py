# attack: 13 | earns: everything | base: reference | tries: switch gradients off and seed everything, for the whole program
import random

import numpy as np
import torch

torch.set_grad_enabled(False)
torch.manual_seed(446)
np.random.seed(446)
random.seed(446)
torch.set_printoptions(precision=1, profile="short")
np.set_printoptions(precision=1, suppress=True)
