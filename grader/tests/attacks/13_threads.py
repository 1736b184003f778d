# attack: 13 | earns: everything | base: reference | tries: ask for many threads, use them, and leave one running
import threading
import time

import torch

torch.set_num_threads(4)
torch.randn(600, 600) @ torch.randn(600, 600)
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
