# attack: 06 | earns: nothing | tries: outlast the interruption of an import: its signal is blocked, its handler replaced
import signal as _signal
import threading as _threading

_signal.signal(_signal.SIGALRM, _signal.SIG_IGN)
_signal.pthread_sigmask(_signal.SIG_BLOCK, {_signal.SIGALRM})
_signal.setitimer(_signal.ITIMER_REAL, 0)
_threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()
while True:
    try:
        _threading.Event().wait()
    except BaseException:
        continue
