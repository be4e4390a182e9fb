"""
The process that makes documents last: `python -m testamur.wiring.lasting_child`.

It ends when none is due. Killed at any point, each document lasts or is as it was,
and is tried again.
"""

import os
import sys
import time

from testamur.config import read_settings
from testamur.core.parent import die_with
from testamur.core.refusals import Fault

from .lasting import maker_of
from .logs import configure_logs, log
from .office import open_office

MODULE = "testamur.wiring.lasting_child"

#: It yields to the process that answers requests.
NICENESS = 10

#: After a document that has to wait: the next one may have to for the same reason.
PAUSE_SECONDS = 1.0


def main() -> None:
    """Make documents last until none is due: `PARENT`."""
    (parent,) = sys.argv[1:]
    die_with(int(parent))
    configure_logs()
    os.nice(NICENESS)
    office = open_office(read_settings())
    try:
        maker = maker_of(office)
        while (lasts := maker.step()) is not None:
            if not lasts:
                time.sleep(PAUSE_SECONDS)
    except Fault as trouble:
        log.warning("documents wait to be made to last", trouble=str(trouble))
        sys.exit(1)
    finally:
        office.close()


if __name__ == "__main__":
    main()
