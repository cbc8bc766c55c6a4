"""`python -m config.credentials`: print the demo's URLs and passwords again."""

import sys

from config.demo import Credentials, print_credentials

if __name__ == "__main__":
    if not Credentials.file().exists():
        sys.exit("no demo has run here yet: make demo")
    print_credentials(Credentials.load())
