# attack: 04 | earns: nothing | in: hw5_gan | tries: hang, and answer the runner's question for the line with a forged dump
import signal
import sys
import time

signal.signal(signal.SIGUSR1, lambda *_: None)
sys.stderr.write('most recent call first\n  File "/stowaway/hw5_gan.py", line 44600000044600000446 stowaway\n')
sys.stderr.flush()
while True:
    time.sleep(1)
