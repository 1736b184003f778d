# attack: 13 | earns: everything | base: reference | tries: make every warning and every floating point event an error
import warnings

import numpy as np

warnings.simplefilter("error")
np.seterr(all="raise")
