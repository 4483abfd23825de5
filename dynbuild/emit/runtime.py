"""The instructions of the runtime config."""

from dynbuild import quote
from dynbuild.emit.text import instruction
from dynbuild.lockfile.model import Lock
from dynbuild.steps.environment import Environments
from dynbuild.steps.image import Healthcheck
from dynbuild.steps.late import settled


def runtime(lock: Lock, environments: Environments) -> list[str]:
    """Return the lines of the runtime config. Raises quote.UnfitError."""
    config = settled(lock.config, {})
    lines = [
        f"LABEL {quote.label(name)}={quote.value(text)}"
        for name, text in sorted(config.labels.items())
    ]
    if config.expose:
        lines.append(" ".join(["EXPOSE", *map(quote.port, config.expose)]))
    if config.volumes:
        lines.append(f"VOLUME {quote.volumes(config.volumes)}")
    if config.stop_signal is not None:
        lines.append(f"STOPSIGNAL {quote.argument(config.stop_signal)}")
    if config.healthcheck is not None:
        lines += _healthcheck(config.healthcheck)
    lines += [
        f"ENV {quote.variable(name)}={quote.value(text)}"
        for name, text in sorted(image_environment(lock, environments).items())
    ]
    workdir = config.workdir or lock.base.workdir
    if workdir not in ("", "/"):
        lines.append(f"WORKDIR {quote.argument(workdir)}")
    user = lock.user.name if lock.user else config.user or lock.base.user
    if user not in ("", "root", "0"):
        lines.append(f"USER {quote.argument(user)}")
    if config.entrypoint is not None:
        lines.append(f"ENTRYPOINT {quote.exec_form(config.entrypoint)}")
    if config.cmd is not None:
        lines.append(f"CMD {quote.exec_form(config.cmd)}")
    return lines


def image_environment(lock: Lock, environments: Environments) -> dict[str, str]:
    """Return the variables of all stages, and the container's expanded against them."""
    # What nobody gave has its default, as everywhere here.
    return environments.of_container(settled(lock.config, {}).env)


def _healthcheck(check: Healthcheck) -> list[str]:
    if check.none:
        return ["HEALTHCHECK NONE"]
    durations = {
        "interval": check.interval,
        "timeout": check.timeout,
        "start-period": check.start_period,
        "start-interval": check.start_interval,
    }
    arguments = [
        f"--{name}={quote.duration(text)}"
        for name, text in durations.items()
        if text is not None
    ]
    if check.retries is not None:
        arguments.append(f"--retries={check.retries}")
    command = (
        quote.command(check.cmd)
        if check.shell is None
        else quote.shell_line(check.shell)
    )
    return instruction("HEALTHCHECK", arguments, f"CMD {command}")
