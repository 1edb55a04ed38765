import itertools

import pytest
from harness import DOMAIN

numbers = itertools.count(1)


@pytest.fixture
def recipient(suite):
    """A mailbox that no other test has."""
    address = f"user{next(numbers)}@{DOMAIN}"
    suite.add_user(address)
    return address
