"""PDFs as design tools and attackers write them, made by hand."""

import io
import warnings
import zlib
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image

#: The page of most of them: wide, and easy to count on.
WIDTH, HEIGHT = 800, 500

Change = Callable[[pikepdf.Pdf], None]


def show(x: float, y: float, text: str, size: float = 20, font: str = "F1") -> str:
    """Return operators that show *text* from *x* on, *y* above the page's bottom."""
    return f"BT /{font} {size} Tf {x} {y} Td ({text}) Tj ET\n"


def page(
    content: str,
    change: Change | None = None,
    *,
    width: float = WIDTH,
    height: float = HEIGHT,
    encryption: pikepdf.Encryption | None = None,
) -> bytes:
    """Return a PDF of one page that *content* draws, changed by *change*."""
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(width, height))
        drawn = document.pages[0].obj
        drawn.Contents = document.make_stream(content.encode("latin-1"))
        drawn.Resources = Dictionary(
            Font=Dictionary(
                F1=_font("Helvetica"), F2=_font("Times-BoldItalic"), F3=_font("Courier")
            )
        )
        if change is not None:
            change(document)
        output = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some are wrong on purpose
            document.save(
                output, encryption=encryption or False, static_id=not encryption
            )
        return output.getvalue()


def _font(name: str) -> Dictionary:
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type1,
        BaseFont=Name("/" + name),
        Encoding=Name.WinAnsiEncoding,
    )


def in_forms(times: int) -> Change:
    """Return a change that puts the page's content into *times* forms."""

    def change(document: pikepdf.Pdf) -> None:
        drawn = document.pages[0].obj
        for _ in range(times):
            form = document.make_stream(drawn.Contents.read_bytes())
            form.Type, form.Subtype = Name.XObject, Name.Form
            form.BBox = Array([0, 0, WIDTH, HEIGHT])
            form.Resources = drawn.Resources
            form.Matrix = Array([1, 0, 0, 1, 3, 2])
            drawn.Contents = document.make_stream(b"q /Fm Do Q")
            drawn.Resources = Dictionary(XObject=Dictionary(Fm=form))

    return change


def over(picture: Image.Image) -> Change:
    """Return a change that puts the page's content over *picture*."""

    def change(document: pikepdf.Pdf) -> None:
        drawn = document.pages[0].obj
        image = document.make_stream(picture.convert("L").tobytes())
        image.Type, image.Subtype = Name.XObject, Name.Image
        image.Width, image.Height = picture.size
        image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
        drawn.Resources.XObject = Dictionary(Im=image)
        below = f"q {WIDTH} 0 0 {HEIGHT} 0 0 cm /Im Do Q ".encode()
        drawn.Contents = document.make_stream(below + drawn.Contents.read_bytes())

    return change


def turned(degrees: int) -> Change:
    """Return a change that shows the page turned."""

    def change(document: pikepdf.Pdf) -> None:
        document.pages[0].obj.Rotate = degrees

    return change


def opening(action: Dictionary | Array) -> Change:
    """Return a change that makes *action* happen when the file is opened."""

    def change(document: pikepdf.Pdf) -> None:
        document.Root.OpenAction = action

    return change


def annotated(**annotation: object) -> Change:
    """Return a change that adds an annotation."""

    def change(document: pikepdf.Pdf) -> None:
        document.pages[0].obj.Annots = Array(
            [Dictionary(Type=Name.Annot, Rect=Array([0, 0, 9, 9]), **annotation)]
        )

    return change


def with_file(document: pikepdf.Pdf) -> None:
    """Attach a file."""
    document.attachments["a.txt"] = b"a"


def with_form(document: pikepdf.Pdf) -> None:
    """Add an XFA form."""
    document.Root.AcroForm = Dictionary(XFA=document.make_stream(b"<xdp/>"))


def signed(document: pikepdf.Pdf) -> None:
    """Add what a signature is kept in."""
    document.Root.AcroForm = Dictionary(
        SigFlags=3,
        Fields=Array(
            [
                document.make_indirect(
                    Dictionary(
                        FT=Name.Sig,
                        V=Dictionary(Type=Name.Sig, ByteRange=Array([0, 1, 2, 3])),
                    )
                )
            ]
        ),
    )


def with_hidden_layer(document: pikepdf.Pdf) -> None:
    """Add a layer that is not shown."""
    layer = document.make_indirect(Dictionary(Type=Name.OCG, Name="Draft"))
    document.Root.OCProperties = Dictionary(
        OCGs=Array([layer]), D=Dictionary(OFF=Array([layer]))
    )


def with_pages(count: int) -> Change:
    """Return a change that adds empty pages."""

    def change(document: pikepdf.Pdf) -> None:
        for _ in range(count - 1):
            document.add_blank_page(page_size=(WIDTH, HEIGHT))

    return change


def with_bomb(document: pikepdf.Pdf) -> None:
    """Add a stream of 200 MB that takes 200 kB."""
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200))
    bomb = pikepdf.Stream(document, packed + packer.flush())
    bomb.Filter = Name.FlateDecode
    document.pages[0].obj.Resources.Bomb = document.make_indirect(bomb)
