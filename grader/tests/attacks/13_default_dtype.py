# attack: 13 | earns: everything | base: reference | tries: make float64 the default for everything
import torch

torch.set_default_dtype(torch.float64)
