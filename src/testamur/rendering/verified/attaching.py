"""Files attached to a PDF (ISO 32000-2, 7.11.4). Only ever run in `verified_child`."""

from typing import Any

import pikepdf


def attach(
    pdf: pikepdf.Pdf,
    name: str,
    media_type: str,
    data: bytes,
    relationship: str,
    description: str,
    date: str | None,
) -> None:
    """Attach *data* to *pdf* under *name*, and say how it belongs to it."""
    stream: Any = pdf.make_stream(data)
    stream.Type = pikepdf.Name.EmbeddedFile
    stream.Subtype = pikepdf.Name("/" + media_type)
    stream.Params = pikepdf.Dictionary(Size=len(data))
    if date is not None:
        stream.Params.ModDate = date
    specification = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Filespec,
            F=name,
            UF=name,
            AFRelationship=pikepdf.Name("/" + relationship),
            Desc=description,
            EF=pikepdf.Dictionary(F=stream, UF=stream),
        )
    )
    root: Any = pdf.Root
    if "/Names" not in root:
        root.Names = pdf.make_indirect(pikepdf.Dictionary())
    if "/EmbeddedFiles" not in root.Names:
        tree = pikepdf.NameTree.new(pdf)
        root.Names.EmbeddedFiles = tree.obj
    pikepdf.NameTree(root.Names.EmbeddedFiles)[name] = specification
    if not isinstance(root.get("/AF"), pikepdf.Array):
        root.AF = pikepdf.Array()
    root.AF.append(specification)
