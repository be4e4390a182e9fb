"""
Every text of a certificate gets its font, its size, its lines and its place.
"""

from collections.abc import Mapping

from testamur.core.refusals import Reason

from .design import Design
from .fonts import Fonts
from .laid import Laid


class Layout:
    """
    Lays out the texts of one design, row after row. Same values, same `Laid`.

    Texts stand by their capitals and baselines, not by the invisible boxes of their
    fonts: from the top of the first line's capitals (of the style's own font) to the
    last line's baseline. That stretch is put at the top, in the middle or at the
    bottom of the box, so letters of different fonts share a baseline.
    """

    def __init__(self, design: Design, fonts: Fonts) -> None:
        raise NotImplementedError

    def lay_out(
        self,
        values: Mapping[str, str],
        *,
        only_static: bool = False,
        only_variable: bool = False,
    ) -> Laid | Reason:
        """
        Give every text its place, or say why the row cannot be printed.

        *values* are those of `values.values_of`; a field without one is empty.
        Texts without fields are static: the same for every row of the design.
        """
        raise NotImplementedError
