"""Numbers that parameters may be."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval


class NumberInterval(Interval):
    """An interval that has fractions in it, and no booleans, which Python takes for 0 and 1.

    Real numbers are those that a float can hold.
    """

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a parameter has a value of the interval."""
        if isinstance(val, bool):
            return False
        if self.type is Real and isinstance(val, Real):
            try:
                val = float(val)
            except OverflowError:
                return False
        return super().is_satisfied_by(val)


# As far as integers of the computation reach.
POSITIVE_INTEGER = NumberInterval(Integral, 1, 2**63 - 1, closed="both")
# Without an end, an interval of scikit-learn's has infinity in it.
POSITIVE_NUMBER = NumberInterval(Real, 0, np.inf, closed="neither")
NUMBER_FROM_ZERO = NumberInterval(Real, 0, np.inf, closed="left")
