# attack: 13 | earns: everything | base: reference | tries: ask for deterministic algorithms and anomaly detection
import torch

torch.use_deterministic_algorithms(True)
torch.autograd.set_detect_anomaly(True)
torch.backends.mkldnn.enabled = False
