"""Who is told how a training goes."""


class Listener:
    """Hears everything and says nothing; the command line listens with a progress bar."""

    def say(self, sentence: str) -> None:
        """Hear what was decided or found."""

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """Hear that something of so many parts begins, or goes on after some of them."""

    def advance(self, remark: str = "") -> None:
        """Hear that another part is done."""
