# attack: 13 | earns: everything | base: reference | tries: handle signals, lower the recursion limit, switch the collector off
import gc
import signal
import sys

signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
sys.setrecursionlimit(300)
gc.disable()
