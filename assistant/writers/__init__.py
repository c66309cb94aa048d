"""Writers turn evidence into statements: extractive (the default) or a chat model."""
