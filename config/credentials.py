"""`python -m config.credentials`: print the demo's URLs and passwords again."""

import sys

from config.demo import Credentials, print_credentials
from config.stack.place import urls_file

if __name__ == "__main__":
    if not Credentials.file().exists():
        sys.exit("no demo has run here yet: make demo")
    if not urls_file().exists():
        sys.stderr.write("The demo that these belong to is stopped: make demo starts it again.\n")
    print_credentials(Credentials.load())
