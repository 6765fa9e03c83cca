"""`python -m naslib_edd.cli`."""

import sys

from naslib_edd.cli.commands import main

sys.exit(main())
