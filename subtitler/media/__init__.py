"""Media files and subtitle files: the only room that starts other programs."""
