"""Members of one cluster, as the tests of the election have them."""

from tests.leadership.conftest import members

__all__ = ["members"]
