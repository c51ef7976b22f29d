"""All that a run found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

from .bound import Rates
from .calls import CallCost
from .tutorials import Curve
from .verifying import CurvePoint, Outcome

__all__ = ["Results"]


class Results(NamedTuple):
    """What the report and the plots show; a part that was not run has no results.

    Attributes:
        facts: the machine, the versions, the commit.
        rounds: how often everything was measured.
        rates: what the machine can do; ``None`` where nothing was verified.
        outcomes: the parts that verify.
        curve: checksig on growing numbers of files.
        costs: what calls cost.
        curves: the tutorials' benchmarks.
    """

    facts: Sequence[tuple[str, str]]
    rounds: int
    rates: Optional[Rates]
    outcomes: Sequence[Outcome]
    curve: Sequence[CurvePoint]
    costs: Sequence[CallCost]
    curves: Sequence[Curve]

    def outcome(self, key: str) -> Optional[Outcome]:
        """What a part found, if it was run."""
        return next((outcome for outcome in self.outcomes if outcome.part.key == key), None)

    def curve_of(self, key: str) -> Optional[Curve]:
        """What a tutorial's benchmark found, if it was run."""
        return next((curve for curve in self.curves if curve.key == key), None)
