"""The word at a place of a text."""


def word_at(text: str, offset: int) -> tuple[str, int, int]:
    """Return the word around an offset, with its dots, and its place."""
    start = end = offset
    while start > 0 and _is_word(text[start - 1]):
        start -= 1
    while end < len(text) and _is_word(text[end]):
        end += 1
    return text[start:end], start, end


def _is_word(char: str) -> bool:
    return char.isalnum() or char in "_-'."
