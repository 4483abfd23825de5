"""Which databases commands are expected to change, and which not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.link.commute import DATABASES
from dynbuild.steps.touched import touched


@pytest.mark.parametrize(
    ("command", "databases"),
    [
        ("apt-get install -y git", "dpkg"),
        ("apt-get update && apt-get install -y git", "dpkg"),
        ("apt-get update -qq \\\n  && apt-get -y install \\\n git", "dpkg"),
        ("DEBIAN_FRONTEND=noninteractive apt-get -q install git", "dpkg"),
        ("apt-get -o A=b -y \\\n install git", "dpkg"),
        ("sudo apt-get purge -y gcc && rm x", "dpkg"),
        ("/usr/bin/apt-get install x", "dpkg"),
        ("sh -c 'apt install x'", "dpkg"),
        ("dpkg -i /tmp/x.deb", "dpkg"),
        ("dpkg --force-all --install /tmp/x.deb", "dpkg"),
        ("dnf -y install git", "rpm"),
        ("microdnf install git", "rpm"),
        ("rpm -Uvh x.rpm", "rpm"),
        ("apk add --no-cache git", "apk"),
        ("apk --no-cache add git", "apk"),
        ("conda install -y numpy", "conda"),
        ("mamba install --quiet --yes \\\n 'numpy'", "conda"),
        ("useradd -m app", "passwd"),
        ("addgroup -S app && adduser -S app", "passwd"),
        ("make install\nldconfig", "ld.so.cache"),
        ("update-alternatives --install /usr/bin/x x /y 1", "alternatives"),
        ("cp x.crt /y; update-ca-certificates", "ca-certificates"),
        ("apt-get install -y x && useradd y", "dpkg passwd"),
        ("apt-get update", ""),
        ("apt-get install-nothing", ""),
        ("apt-cache show install", ""),
        ("apt-get download x; make install", ""),
        ("make install", ""),
        ("conda install -n other numpy", ""),
        ("conda create -y -p /opt/x numpy", ""),
        ("dpkg -l", ""),
        ("rpm -qa", ""),
        ("my-ldconfig", ""),
        ("ldconfig-wrapper", ""),
        ("echo miniconda", ""),
        ("pip install flask", ""),
        ("yum -y update", "rpm"),
        ("dpkg -iE /tmp/x.deb", "dpkg"),
        ("# apt-get install x", ""),
        ("make # useradd x", ""),
    ],
)
def test_what_commands_touch(command: str, databases: str) -> None:
    assert touched([command]) == tuple(databases.split())


@given(st.lists(st.text(), max_size=4))
def test_any_text_names_known_databases(commands: list[str]) -> None:
    assert {*touched(commands)} <= {*DATABASES}
