"""The instructions of one step: its copies, its script, and nothing left behind.

Every step begins and ends as root, in ``/``, with the declaration's shell, so that
any step can be the parent of any other.
"""

from collections.abc import Mapping
from typing import assert_never

from dynbuild import quote
from dynbuild.steps.model import Copy, Pin, RuntimeConfig, Step, User
from dynbuild.steps.recipe import copies_of, run_of
from dynbuild.steps.run import (
    BASE_MOUNT,
    BASE_STEP,
    BaseMount,
    CacheMount,
    Mount,
    Run,
    ScratchMount,
    SecretMount,
    SshMount,
)


def instructions(
    step: Step,
    environment: Mapping[str, str],
    user: User | None,
    images: Mapping[str, Pin],
    shell: tuple[str, ...],
) -> list[str]:
    """Lines of a build stage, without its FROM. Raises quote.UnfitError."""
    run = run_of(step, environment, user)
    lines = [_copy(copy, images) for copy in copies_of(step)]
    return lines if run is None else [*lines, *_run(run, shell)]


def pinned(pin: Pin) -> str:
    """The reference of an image with its tag for people and its digest for Docker."""
    digest = f"@{pin.digest}" if pin.digest and "@" not in pin.image else ""
    return quote.reference(f"{pin.image}{digest}")


def runtime(config: RuntimeConfig, environment: Mapping[str, str]) -> list[str]:
    """Lines for what the image says about running it, by what changes least first."""
    lines = [
        f"LABEL {quote.value(name)}={quote.value(text)}"
        for name, text in sorted(config.labels.items())
    ]
    lines += [f"EXPOSE {quote.argument(port)}" for port in config.expose]
    if config.volumes:
        lines.append(f"VOLUME {quote.volumes(config.volumes)}")
    if config.stop_signal is not None:
        lines.append(f"STOPSIGNAL {quote.argument(config.stop_signal)}")
    if config.healthcheck is not None:
        check = config.healthcheck
        flags = {
            "interval": check.interval,
            "timeout": check.timeout,
            "start-period": check.start_period,
            "retries": None if check.retries is None else str(check.retries),
        }
        told = "".join(
            f"--{name}={quote.flag(text)} "
            for name, text in flags.items()
            if text is not None
        )
        lines.append(f"HEALTHCHECK {told}CMD {quote.exec_form(check.cmd)}")
    lines += [
        f"ENV {name}={quote.value(text)}" for name, text in sorted(environment.items())
    ]
    if config.entrypoint is not None:
        lines.append(f"ENTRYPOINT {quote.exec_form(config.entrypoint)}")
    if config.cmd is not None:
        lines.append(f"CMD {quote.exec_form(config.cmd)}")
    return lines


def _copy(copy: Copy, images: Mapping[str, Pin]) -> str:
    flags = []
    if copy.stage is not None:
        flags.append(f"--from={quote.name(copy.stage)}")
    if copy.image is not None:
        flags.append(f"--from={pinned(images[copy.image])}")
    if copy.owner is not None:
        flags.append(f"--chown={quote.flag(copy.owner)}")
    if copy.mode is not None:
        flags.append(f"--chmod={quote.flag(copy.mode)}")
    flags += [f"--exclude={quote.flag(pattern)}" for pattern in copy.exclude]
    return " ".join(["COPY", *flags, quote.copy_paths(copy.path, copy.to)])


def _run(run: Run, shell: tuple[str, ...]) -> list[str]:
    own_shell = run.shell is not None and run.shell != shell
    lines = []
    if any(isinstance(mount, CacheMount) for mount in run.mounts):
        lines.append("ARG TARGETARCH")
    if own_shell and run.shell is not None:
        lines.append(f"SHELL {quote.exec_form(run.shell)}")
    if run.user != "root":
        lines.append(f"USER {quote.argument(run.user)}")
    if run.workdir is not None:
        # After USER: a directory that is not there yet is made for that user.
        lines.append(f"WORKDIR {quote.value(run.workdir)}")
    flags = [_mount(mount) for mount in run.mounts]
    if run.network != "default":
        flags.append(f"--network={run.network}")
    opening, *script = quote.heredoc(run.script)
    lines.append(
        " \\\n    ".join(["RUN", *flags, opening]).replace("RUN \\\n    ", "RUN ", 1)
    )
    # hadolint cannot parse what follows a heredoc without an empty line between.
    lines += [*script, ""]
    if run.user != "root":
        lines.append("USER root")
    if run.workdir is not None:
        lines.append("WORKDIR /")
    if own_shell:
        lines.append(f"SHELL {quote.exec_form(shell)}")
    return lines


def _mount(mount: Mount) -> str:
    match mount:
        case CacheMount():
            options = {
                "type": "cache",
                "id": mount.id,
                "target": mount.target,
                "sharing": "locked" if mount.locked else "shared",
                **_ids(mount.uid, mount.gid),
            }
        case ScratchMount():
            options = {"type": "tmpfs", "target": mount.target}
        case BaseMount():
            options = {"type": "bind", "from": BASE_STEP, "target": BASE_MOUNT}
        case SecretMount():
            options = {"type": "secret", "id": mount.id, "required": "true"}
            if mount.env is not None:
                options["env"] = mount.env
            if mount.target is not None:
                options |= {"target": mount.target, **_ids(mount.uid, mount.gid)}
        case SshMount():
            options = {"type": "ssh", "required": "true", **_ids(mount.uid, mount.gid)}
        case _:
            assert_never(mount)
    told = ",".join(f"{name}={_option(text)}" for name, text in options.items())
    return f"--mount={told}"


def _option(text: str) -> str:
    """An option's value; the architecture is the one variable that may stand in it."""
    suffix = "$TARGETARCH"
    if text.endswith(suffix):
        return quote.option(text.removesuffix(suffix)) + suffix
    return quote.option(text)


def _ids(uid: int, gid: int) -> dict[str, str]:
    return {"uid": str(uid), "gid": str(gid)} if uid or gid else {}
