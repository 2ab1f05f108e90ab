"""What export and inspection ask of a fitted estimator."""

from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class ComputedEstimator(Protocol):
    """An estimator whose methods are functions of a network, or of a scaling, over rows."""

    # The functions by the methods that compute them.
    _row_functions: ClassVar[dict[str, str]]

    def _computation(
        self, dtype: np.dtype, *, remedy: str = ...
    ) -> tuple[Any, NDArray[Any], NDArray[Any]]:
        """Return the network with its parameters and statistics, as it takes rows of a dtype.

        ``remedy`` is what to do where that dtype cannot hold what was fitted in another.
        """

    def _exported_functions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the function and its options for each method of an exported model."""


class AttributedOutput(NamedTuple):
    """An output of a network that attributions explain: its function, its name, one of many."""

    function: str
    name: str
    targets: NDArray[np.integer]


@runtime_checkable
class AttributedEstimator(Protocol):
    """A network that tells what each band adds to one of its outputs."""

    def _attributed_output(self, spectra: NDArray[Any], target: Any) -> AttributedOutput:
        """Return the output that ``target`` asks for, and which one of each spectrum."""

    def _attribute(
        self,
        output: str,
        X: NDArray[Any],
        baseline: NDArray[Any],
        targets: NDArray[np.integer],
        *,
        n_steps: int,
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return attributions, outputs and outputs of the baseline."""
