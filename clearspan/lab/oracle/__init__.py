"""The lab's own book-keeping: fed by final blocks alone, it says whether a world kept its promises."""

from clearspan.lab.oracle.judge import Judge
from clearspan.lab.oracle.violations import Violation

__all__ = ["Judge", "Violation"]
