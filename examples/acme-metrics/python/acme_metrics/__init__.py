"""custometer, with metrics of our own: `import acme_metrics as cm`."""

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
