"""The commands, one module each, with what only one of them needs beside it."""
