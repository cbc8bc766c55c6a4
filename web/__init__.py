"""How every app's API answers: problems, money, pages, throttles."""
