"""`python -m config.credentials`: print the demo's URLs and passwords again."""

import sys

from config.demo import Credentials, _port, print_credentials

if __name__ == "__main__":
    if not Credentials.file().exists():
        sys.exit("no demo has run here yet: make demo")
    print_credentials(Credentials.load(), _port("WEB_PORT", 8000), _port("FLOWER_PORT", 5555))
