"""
Run by the interpreter of WeasyPrint's own environment: pages of HTML to PDF.

Reads pages and options as JSON; writes the seconds of processor time and the bytes.
"""

import json
import sys
import time

import weasyprint
from weasyprint.text.fonts import FontConfiguration


def main() -> None:
    """Make a PDF of every page; the first does not count."""
    asked = json.load(sys.stdin)
    pages, options = asked["pages"], asked["options"]
    fonts, cache = FontConfiguration(), {}
    size = 0
    for number, page in enumerate(pages):
        if number == 1:
            size, started = 0, time.process_time()
        html = weasyprint.HTML(string=page)
        size += len(html.write_pdf(font_config=fonts, cache=cache, **options))
    json.dump({"seconds": time.process_time() - started, "bytes": size}, sys.stdout)


if __name__ == "__main__":
    main()
