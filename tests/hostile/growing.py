"""A declaration whose variables grow from stage to stage."""

LINK = """
[[stages]]
name = "s{n}"
dependencies = [{below}]
commands = ["true"]
env = {{ B = "{value}" }}
"""


def growing(value: str) -> str:
    """Sixteen stages, each of which sets B to what the one below has, several times."""
    return "".join(
        LINK.format(n=n, below=f'"s{n - 1}"' if n else "", value=value if n else "b")
        for n in range(17)
    )
