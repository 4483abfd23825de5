"""Several targets are several images."""

from textwrap import dedent

from dynbuild.declaration.load import load
from dynbuild.dockerfiles.convert import convert
from dynbuild.spans import Source

TEXT = dedent("""\
    # About both
    ARG V=1
    FROM debian:$V AS base
    RUN make
    FROM base AS api
    ENV A=1
    RUN api
    # What api runs
    CMD ["api"]
    EXPOSE http
    FROM base AS Web_Site
    COPY <<E /etc/web
    x
    E
    EXPOSE 80
    FROM base AS other
    RUN other
    """)


def test_each_target_is_an_image() -> None:
    found = convert(Source("Dockerfile", TEXT), ["api", "web_site", "api"])
    assert found.text == dedent("""\
        # From Dockerfile, by `dynbuild init --from`.
        # TODO line 10, EXPOSE: 'http' is not a port of a declaration

        [args]
        V = "1"

        [images.api]
        # About both
        base = "debian:${args.V}"
        # What api runs
        cmd = ["api"]

        [[images.api.stages]]
        name = "make"
        commands = ["make"]

        [[images.api.stages]]
        name = "api"
        dependencies = ["make"]
        env = { A = "1" }
        commands = ["api"]

        [images.web_site]
        # About both
        base = "debian:${args.V}"
        expose = [80]

        [[images.web_site.stages]]
        name = "make"
        commands = ["make"]

        [[images.web_site.stages]]
        name = "web"
        dependencies = ["make"]

        [images.web_site.stages.files]
        "/etc/web" = '''
        x
        '''
        """)
    load(Source("dynbuild.toml", found.text), "toml")


def test_of_an_instruction_the_note_that_matters() -> None:
    found = convert(Source("Dockerfile", TEXT), ["api", "web_site"])
    outcomes = {note.instruction.line: note.outcome for note in found.notes}
    assert outcomes[7] == "translated"
    assert outcomes[10] == "left"
    assert outcomes[15] == "translated"
    assert outcomes[17] == "unused"
    assert [*outcomes] == sorted(outcomes)
