"""Customer metrics one can trust, from data frames and the exports that every company already has.

>>> import custometer as cm
>>> cm.compute("loyalty.nps", frame, columns={"score": "q1"}, by=["product"])
"""

from ._engine import (
    Figure,
    Inspection,
    Problem,
    RejectedRowsWarning,
    Report,
    ReportError,
    RequestResult,
    Result,
    Table,
    __version__,
    _main,
    compute,
    describe,
    inspect,
    metrics,
    validate,
)

__all__ = [
    "Figure",
    "Inspection",
    "Problem",
    "RejectedRowsWarning",
    "Report",
    "ReportError",
    "RequestResult",
    "Result",
    "Table",
    "__version__",
    "compute",
    "describe",
    "inspect",
    "metrics",
    "validate",
]
