"""Every error Underhood raises on purpose, in one tree.

    UnderhoodError              what went wrong, where, what to do: one line
    ├── SettingsError           a setting or UNDERHOOD_HOME is unusable
    ├── CatalogueError          catalogue.toml has a wrong field
    ├── NotesError              a note breaks the format
    ├── ReadingError            a file cannot be read, or is refused
    │   └── FetchError          a reading cannot be fetched
    ├── EmbedderError           the embedding model is absent, altered or too small for a text
    ├── IndexError_             the published index cannot be used
    │   ├── IndexMissing        there is none yet
    │   ├── IndexOutdated       it was built by another version or from another corpus
    │   ├── IndexBroken         it does not pass its own checks
    │   ├── IndexBusy           another process is building it
    │   └── ChromaServerError   its vectors' server is away, full or of another version
    ├── QuestionError           a question is empty, too long or not text
    ├── ModelError              a chat model failed, or is not installed
    └── RunError                an evaluation file or run folder is unusable

This module imports nothing.
"""


class UnderhoodError(Exception):
    """What went wrong, where and what to do, on one line.

    ``str(error)`` is the line a person reads; ``exit_code`` is what the command line returns.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        line = f"{where}: {what}" if where else what
        super().__init__(" ".join((f"{line.rstrip('.')}. {todo}" if todo else line).split()))


class SettingsError(UnderhoodError):
    """A setting or a folder it names is unusable."""


class CatalogueError(UnderhoodError):
    """``catalogue.toml`` has a wrong or missing field."""


class NotesError(UnderhoodError):
    """A note breaks the format of notes."""


class ReadingError(UnderhoodError):
    """A reading cannot be read, or is refused."""


class FetchError(ReadingError):
    """A reading cannot be fetched."""


class EmbedderError(UnderhoodError):
    """The embedding model is absent, altered, or a text does not fit it."""


class IndexError_(UnderhoodError):
    """The published index cannot be used."""


class IndexMissing(IndexError_):
    """No index has been published yet."""


class IndexOutdated(IndexError_):
    """The index was built by another version or from another corpus."""


class IndexBroken(IndexError_):
    """The index does not pass its own checks."""


class IndexBusy(IndexError_):
    """Another process holds the writer lock."""


class ChromaServerError(IndexError_):
    """The server of ``UNDERHOOD_CHROMA_URL`` is away, slow, full or of another version."""


class QuestionError(UnderhoodError):
    """A question is empty, too long or not text."""


class ModelError(UnderhoodError):
    """A chat model failed, or its package is not installed."""


class RunError(UnderhoodError):
    """An evaluation file or run folder is unusable."""
