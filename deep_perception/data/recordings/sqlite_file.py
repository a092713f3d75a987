"""SQLite, as rosbag2 uses it: whole files, and others as far as their pages go."""

import sqlite3
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deep_perception.data.recordings.message import NEVER, Message, kind_of, listed

# Rows are taken as they lie in the file: an index may have been cut off, and what is left out costs next to nothing.
_ROWS = "FROM messages NOT INDEXED WHERE typeof(timestamp) = 'integer' AND typeof(data) = 'blob'"


class SqliteFile:
    """A .db3 file, whole or cut off."""

    def __init__(self, path: Path) -> None:
        """Find out what it holds."""
        self._path = path
        self.damage = ""
        about = self._rows("SELECT id, name, type, serialization_format FROM topics")
        self._topics = {number: (str(name), kind_of(str(kind), encoding)) for number, name, kind, encoding in about}
        counts = Counter(dict.fromkeys(self._topics.values(), 0))
        self.start_ns, self.end_ns = NEVER, 0
        for number, recorded_ns in self._rows(f"SELECT topic_id, timestamp {_ROWS} ORDER BY id"):
            if number in self._topics:
                counts[self._topics[number]] += 1
                self.start_ns, self.end_ns = min(recorded_ns, self.start_ns), max(recorded_ns, self.end_ns)
        self.topics = listed(counts)

    def messages(self, topics: Container[str], start_ns: int, end_ns: int) -> Iterator[Message]:
        """Yield the messages of `topics` recorded from `start_ns` until before `end_ns`, in the order of the file."""
        wanted = [number for number, (topic, _) in self._topics.items() if topic in topics]
        which = f"topic_id IN ({', '.join('?' * len(wanted))}) AND timestamp >= ? AND timestamp < ? ORDER BY id"
        query = f"SELECT topic_id, timestamp, data {_ROWS} AND {which}"
        for number, recorded_ns, data in self._rows(query, *wanted, start_ns, end_ns):
            yield Message(*self._topics[number], data, recorded_ns, recorded_ns)

    def _rows(self, query: str, *values: int) -> Iterator[Any]:
        """Yield rows as far as there are any."""
        try:
            with closing(self._connected()) as database:
                yield from database.execute(query, values)
        except sqlite3.Error as err:
            reason = "was cut off, or never finished" if "malformed" in str(err) else f"is damaged ({err})"
            remedy = f'sqlite3 {self._path.name} ".recover" | sqlite3 NEW.db3'
            self.damage = f"{self._path.name} {reason}. To mend it: {remedy}"

    def _connected(self) -> sqlite3.Connection:
        """Open the file, never to write; what was not merged into it yet is read as well."""
        log = self._path.with_name(f"{self._path.name}-wal")
        how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
        where = f"file:{quote(str(self._path))}?{how}"
        database = sqlite3.connect(where, uri=True, check_same_thread=False)  # who stops early may be another thread
        database.execute("PRAGMA writable_schema = ON")  # else it refuses a file that lacks pages
        return database
