"""
What a file says about itself: XMP (ISO 16684-1) and, the same, its Info dictionary.

Only schemas that PDF/A knows are used (ISO 19005-3, 6.6.2.3), so none is described.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from .file import text_string

PRODUCER = "Testamur"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: What XML 1.0 cannot hold (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_XMP = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF \
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" \
xmlns:pdf="http://ns.adobe.com/pdf/1.3/" \
xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" \
pdfaid:part="3" pdfaid:conformance="A" pdf:Producer="{producer}" \
xmp:CreatorTool="{producer}" xmp:CreateDate="{date}" xmp:ModifyDate="{date}">\
<dc:format>application/pdf</dc:format>\
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>\
{creator}<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>\
<dc:identifier>{identifier}</dc:identifier>\
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""

_CREATOR = "<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>"


@dataclass(frozen=True, slots=True)
class About:
    """A file's title, author, language, identifier and date."""

    title: str
    #: Empty: it names nobody.
    author: str
    language: str
    identifier: str
    #: Milliseconds since the epoch; files say whole seconds.
    made_at: int

    def xmp(self) -> bytes:
        """Return its metadata stream's content."""
        author = _xml(self.author)
        return _XMP.format(
            producer=PRODUCER,
            date=self._moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            title=_xml(self.title),
            creator=_CREATOR.format(author) if author else "",
            language=_xml(self.language),
            identifier=_xml(self.identifier),
        ).encode()

    def info(self) -> bytes:
        """Return the Info dictionary, which says the same (ISO 19005-3, 6.6.3)."""
        date = self.date
        author = text_string(_plain(self.author))
        return b"<</Title%s%s/Producer(%s)/Creator(%s)/CreationDate%s/ModDate%s>>" % (
            text_string(_plain(self.title)),
            b"/Author" + author if self.author else b"",
            PRODUCER.encode(),
            PRODUCER.encode(),
            date,
            date,
        )

    @property
    def date(self) -> bytes:
        """The date as PDF writes it."""
        return b"(%s)" % self._moment.strftime("D:%Y%m%d%H%M%S+00'00'").encode()

    @property
    def _moment(self) -> datetime:
        return _EPOCH + timedelta(seconds=self.made_at // 1000)


def _plain(text: str) -> str:
    """Return *text* with what XML cannot hold replaced."""
    return _NOT_XML.sub("\ufffd", text)


def _xml(text: str) -> str:
    return escape(_plain(text))
