"""All that a layer is known to depend on, and a base that takes it away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import Image
from tests.engine.onto import onto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.space import Space

BEFORE = r"""
FROM {base}
RUN echo {unique} > /etc/unique && \
    adduser --system --uid 900 --group --no-create-home --quiet app 2> /dev/null || \
    { echo 'app:x:900:900::/:/bin/sh' >> /etc/passwd; echo 'app:x:900:' >> /etc/group; }
RUN cd /usr/bin && cp sh real1 && cp sh real2 && ln -s real1 lang && cp sh tool && \
    cp sh python3.11 && ln -s python3.11 python3 && cp sh remains && \
    cp sh awk1 && cp sh awk2 && ln -s /usr/bin/awk1 /etc/alternatives/words && \
    ln -s /etc/alternatives/words words && \
    cp /lib64/ld-linux-x86-64.so.2 /lib/ld-musl-x86_64.so.1
RUN mkdir -p /srv/dir /srv/more /srv/same /usr/lib/fake /place && cd /srv && \
    echo one > unchanged && echo one > dir/old && echo one > more/old && \
    echo one > same/file && echo was > changed && \
    echo one > /usr/lib/fake/module.py && \
    mkdir -p /usr/share/ca-certificates && echo one > /usr/share/ca-certificates/own.crt
RUN mkdir -p /v1 /v2 /tmpl /many/a /many/b && ln -s v1 /current && \
    echo t > /tmpl/one && echo a > /many/a/x && echo b > /many/b/x && \
    printf '#!/bin/sh\necho 3.2.0\n' > /usr/bin/ruby && chmod +x /usr/bin/ruby
"""
AFTER = r"""
FROM {before}
RUN ln -sfn real2 /usr/bin/lang && cp /bin/sh /usr/local/bin/tool && \
    rm /usr/bin/python3.11 && cp /bin/sh /usr/bin/python3.12 && \
    ln -sfn python3.12 /usr/bin/python3 && echo >> /usr/bin/remains && \
    ln -sfn /usr/bin/awk2 /etc/alternatives/words && rm /lib/ld-musl-x86_64.so.1 && \
    echo two > /usr/lib/fake/module.py && echo two > /srv/changed && \
    echo two > /srv/dir/new && echo two > /srv/more/new && chmod 700 /place && \
    echo two > /usr/share/ca-certificates/own.crt && \
    ln -sfn v2 /current && echo two > /tmpl/two && mkdir /many/c && \
    printf '#!/bin/sh\necho 3.3.0\n' > /usr/bin/ruby && \
    sed -i s/900/901/ /etc/passwd /etc/group
"""
PLUGIN = "$(ls /usr/lib/*/perl-base/auto/List/Util/Util.so)"
MUSL = (
    "perl -0777 -pe 's{/lib64/ld-linux-x86-64.so.2}{/lib/ld-musl-x86_64.so.1\\0\\0\\0}'"
    " /usr/bin/env > /opt/musl && chmod +x /opt/musl; /opt/musl true || echo none"
)
CAPABLE = (
    "cp /bin/true /opt/capable && perl -e '"
    'my ($f, $n) = ("/opt/capable", "security.capability"); '
    'my $v = pack("V5", 0x02000001, 1024, 0, 0, 0); '
    "syscall(188, $f, $n, $v, 20, 0) == 0 or die $!'"
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KINDS = {
    # What is in the layer alone stays what it is.
    "setuid": ("cp /bin/true /opt/setuid && chmod 4755 /opt/setuid", None),
    "capable": (CAPABLE, None),
    "hard-links": ("echo x > /opt/one && ln /opt/one /opt/two", None),
    "removes": ("rm /srv/unchanged", None),
    "hides": ("rm -r /srv/same && mkdir /srv/same && echo own > /srv/same/own", None),
    "device": ("mknod /opt/device c 1 3 || mkfifo /opt/device", None),
    # What is below it is not.
    "removes-changed": ("rm /srv/changed", "where the base"),
    "empties": ("rm -r /srv/dir && mkdir /srv/dir", "beside what is new"),
    "each-mode": ("chmod -R 700 /srv/more/*", "beside what is new"),
    "each-found": ("find /many -type f -exec chmod 600 {} +", "around what is new"),
    "through-link": ("echo x > /current/own", "where /current led"),
    "copies-all": ("cp -r /tmpl /opt/tmpl", "in /opt/tmpl what lies beside"),
    "links-to-base": ("ln /usr/bin/remains /opt/remains", "what /usr/bin/remains was"),
    "copies": ("cp /srv/changed /opt/changed", "what /srv/changed was"),
    "own-directory": ("mkdir /place/own", "where the base"),
    "byte-code": (
        "cd /usr/lib/fake && mkdir __pycache__ && echo > __pycache__/module.x.pyc",
        "where the base",
    ),
    "authority": (
        "d=/usr/local/share/ca-certificates; mkdir -p $d && echo own > $d/other.crt",
        "where the base",
    ),
    "owned": ("touch /opt/owned && chown app /opt/owned", "accounts"),
    "locale": ("mkdir -p /usr/lib/locale/own && echo > /usr/lib/locale/own/x", "made"),
    # Who runs it, or loads it, is another.
    "alternative": ("ln -s /usr/bin/words /opt/words", "its link"),
    "interpreted": (
        "printf '#!/usr/bin/lang\n' > /opt/a; chmod +x /opt/a",
        "is run by /usr/bin/lang",
    ),
    "covered-by-path": (
        "printf '#!/usr/bin/env tool\n' > /opt/b; chmod +x /opt/b",
        "is run by /usr/local/bin/tool",
    ),
    "of-musl": (MUSL, "is run by /lib/ld-musl-x86_64.so.1"),
    "of-python": (
        "d=/opt/lib/python3.11/site-packages; mkdir -p $d && echo > $d/x.py",
        "is for /usr/bin/python3.11",
    ),
    "of-ruby": (
        "d=/opt/vendor/ruby/$(ruby)/gems; mkdir -p $d && echo > $d/x.rb",
        "is for /usr/bin/ruby",
    ),
    "distribution": (
        "d=/opt/d/x-1.dist-info; mkdir -p $d && echo > $d/METADATA",
        "is for /usr/bin/python3",
    ),
    "plugin": (f"cp {PLUGIN} /opt/plugin.so", "a program that is not known"),
}  # fmt: skip
AROUND = """
[[stages]]
name = "named-owner"
[[stages.copy]]
from = "file"
to = "/opt/named/"
owner = "app"

[[stages]]
name = "live"
copy = [{{ from = "src/", to = "/opt/live/" }}]

[[stages]]
name = "made"
build_only = true
commands = ["mkdir /out && printf '#!/usr/bin/lang\\\\n' > /out/x", "chmod +x /out/x"]

[[stages]]
name = "takes"
copy = [{{ stage = "made", from = "/out/", to = "/opt/taken/" }}]

[[stages]]
name = "cached"
commands = ["date +%N > /var/tmp/x/n; cp /var/tmp/x/n /opt/cached"]
cache_mounts = ["/var/tmp/x"]
"""


@pytest.fixture
def image(
    built: Space, engine: dict[str, str], debian_base: str, push: Callable[..., str]
) -> Iterator[Image]:
    text = BEFORE.replace("{base}", debian_base).replace("{unique}", str(uuid4()))
    made = Image(built, engine, push(text))
    yield made
    made.forget()


def stages(**of: str) -> str:
    return "\n".join(
        f"[[stages]]\nname = {json.dumps(name)}\ncommands = [{json.dumps(command)}]\n"
        for name, command in of.items()
    )


def test_each_kind(image: Image, push: Callable[..., str]) -> None:
    image.space.write("src/file", "live\n")
    image.space.write("file", "tracked\n")
    own = stages(**{name: command for name, (command, _) in KINDS.items()})
    image.edit(own + AROUND.format())
    moved = push(AFTER.replace("{before}", image.base))
    _, told = onto(image, moved)
    assert {"live", "cached"} <= {*told["rebased"]}
    assert "accounts" in told["built"]["named-owner"]
    assert "is run by" in told["built"]["made"]
    assert told["built"]["takes"] == "it needs made, which is built"
    for name, (_, why) in KINDS.items():
        found = told["built"].get(name)
        assert (found is None) == (why is None), (name, found)
        assert (why or "") in (found or ""), (name, found)
    look = "stat -c %a /opt/setuid; ls /srv/same /srv/dir; stat -c %h /opt/one;"
    look += "cat /opt/live/file; /opt/musl true || echo gone; stat -c %u /opt/owned;"
    look += 'perl -e \'my ($f, $n) = ("/opt/capable", "security.capability");'
    look += " my $v = chr(0) x 20; print syscall(191, $f, $n, $v, 20), chr(10)';"
    look += "test -e /srv/unchanged || cat /opt/named/file; stat -c %u /opt/named/file;"
    look += "stat -c %a /srv/more/new"
    found = image.run(look).split()
    assert found == [
        *("4755", "/srv/dir:", "/srv/same:", "own", "2", "live", "gone", "901", "20"),
        *("tracked", "901", "700"),
    ]


def test_another_environment(image: Image, push: Callable[..., str]) -> None:
    image.space.write("src/file", "live\n")
    image.edit(f"""\
[[stages]]
name = "tells"
commands = ["echo ${{TOLD:-nothing}} > /opt/told # {uuid4()}"]

[[stages]]
name = "live"
copy = [{{ from = "src/", to = "/opt/live/" }}]
""")
    base = image.base
    for line in ("ENV TOLD=something", f"ENV PATH=/opt/bin:{PATH}"):
        moved = push(f"FROM {base}\n{line}\n")
        _, told = onto(image, moved)
        why = "the base gives it another environment"
        assert told["built"] == {"tells": why, "live": why}
    moved = push(f"FROM {base}\nENV TOLD=something\n")
    onto(image, moved)
    assert image.run("cat /opt/told") == "something\n"

    # What the base says of the image's process is nothing to a stage.
    moved = push(f"FROM {base}\nUSER 7\nWORKDIR /srv\nCMD true\nLABEL x=y\n")
    assert onto(image, moved)[1]["rebased"] == ["tells", "live"]
    image.space.write("src/file", "another\n")
    _, told = onto(image, moved)
    assert told["rebased"] == ["tells"]
    assert "no tier has it" in told["built"]["live"]
    assert image.run("cat /opt/live/file", "--user=0") == "another\n"
    assert "Made last with --onto" in image.space.ok("status", "--html").out

    # What is built as a whole is on the base of its lock.
    image.space.ok("realize", "--linear", "-t", image.tag)
    assert json.loads(image.space.ok("status", "--json").out)["onto"] is None
