"""Other programs ask too: the same answers over REST and MCP.

``service.py`` holds what they can ask for, once; ``rest.py`` and ``mcp.py`` carry it over a wire. What comes back is
plain JSON of the shapes in ``shapes.py``: an answer is ``Answer.to_json()``, from wherever it is asked.
"""

from importlib.util import find_spec


def mcp_installed() -> bool:
    """Whether the SDK of the Model Context Protocol is there (the extra ``mcp``)."""
    return find_spec("mcp") is not None
