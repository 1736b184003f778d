# attack: 13 | score: 20 | base: reference | make every warning and every floating point event an error
import warnings

import numpy as np

warnings.simplefilter("error")
np.seterr(all="raise")
