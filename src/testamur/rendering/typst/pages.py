"""What is done to a typeset file afterwards: looked at, and laid over a PDF."""

from io import BytesIO

import pikepdf

from testamur.core.refusals import Kind, Refusal

#: Sizes that are equal, in points: Typst's are rounded.
NEARLY = 0.5


def has_one_page(pdf: bytes, width: float, height: float, source: str) -> None:
    """
    Know that a file is one page of the size that its template says.

    Raises:
        Refusal: INVALID `template_source`.
    """
    with pikepdf.open(BytesIO(pdf)) as file:
        if len(file.pages) != 1:
            raise too_many_pages(source, len(file.pages))
        _, _, *size = (float(number) for number in file.pages[0].mediabox)
    if abs(size[0] - width) > NEARLY or abs(size[1] - height) > NEARLY:
        raise Refusal(
            Kind.INVALID,
            "template_source",
            f"{source} draws a page of {size[0]:g} x {size[1]:g} points, and "
            f"template.json says {width:g} x {height:g}. Make them equal, or leave "
            "the size to template.json.",
            at=source,
        )


def too_many_pages(source: str, count: int) -> Refusal:
    """Return what is said of a template that draws more than its page."""
    return Refusal(
        Kind.INVALID,
        "template_source",
        f"{source} draws {count} pages. A certificate has exactly one: make "
        "everything fit on it.",
        at=source,
    )


def laid_over(pdf: bytes, background: bytes, colour: str) -> bytes:
    """
    Return *pdf* with the page of *background* under its own, and *colour* under both.

    Typst embeds no PDF in files for archives; the stamp does, in the same way.
    """
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    with (
        pikepdf.open(BytesIO(pdf)) as file,
        pikepdf.open(BytesIO(background)) as under,
    ):
        page = file.pages[0]
        _, _, width, height = (float(number) for number in page.mediabox)
        below = under.pages[0]
        left, bottom, right, top = (float(number) for number in below.mediabox)
        form = file.copy_foreign(below.as_form_xobject())
        name = page.add_resource(form, pikepdf.Name.XObject, pikepdf.Name.Under)
        across, up = width / (right - left), height / (top - bottom)
        page.contents_add(
            (
                f"/Artifact BMC q {red:.4f} {green:.4f} {blue:.4f} rg "
                # A page begins with black; the colour below must not reach it.
                f"0 0 {width:.4f} {height:.4f} re f Q q "
                f"{across:.6f} 0 0 {up:.6f} {-left * across:.4f} {-bottom * up:.4f} cm "
                f"{name} Do Q EMC\n"
            ).encode(),
            prepend=True,
        )
        written = BytesIO()
        file.save(written, deterministic_id=True)
        return written.getvalue()
