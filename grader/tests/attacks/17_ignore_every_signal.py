# attack: 17 | earns: nothing | in: hw5_gan | tries: ignore every signal, swallow every exception, and never end
import signal
import time

for _number in signal.valid_signals():
    try:
        signal.signal(_number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
while True:
    try:
        time.sleep(600)
    except BaseException:
        continue
