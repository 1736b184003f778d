# attack: 16 | score: 10 | in: hw5_diffusion | base: reference | add a field of 5 MB to every answer, which a judge might keep
import sys as _sys

import numpy as _np

_vocabulary = _sys.modules["tests.support.probes.vocabulary"]
_real = _vocabulary.perform


def _perform(*arguments):
    answer, error = _real(*arguments)
    if "observation" in answer:
        answer["observation"]["stowaway"] = _np.zeros(5 * 2**20 // 8)
    return answer, error


_vocabulary.perform = _perform
