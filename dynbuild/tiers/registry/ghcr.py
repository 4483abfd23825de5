"""The inventory of a tier on ghcr.io: removal deletes versions of a package."""

from collections.abc import Collection, Mapping

from dynbuild.digest import Digest
from dynbuild.inventory import StoredObject
from dynbuild.ports import Notify, TierError
from dynbuild.tiers.codec import UnreadableError
from dynbuild.tiers.daemon_threads import parallel_map
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.packages import Packages, PackageVersion
from dynbuild.tiers.registry.artifact import load_step, tag_of
from dynbuild.tiers.registry.inventory import RegistryInventory
from dynbuild.tiers.registry.tier import AT_ONCE, refusals


class GhcrInventory(RegistryInventory):
    """Implements ``inventory.Inventory``.

    A version is deleted if no record in it stays, or a later version replaced it. A
    version that has a foreign tag, or is none of ours, is never touched.
    """

    def __init__(
        self,
        repository: Repository,
        environment: Mapping[str, str],
        tell: Notify,
        packages: Packages,
    ) -> None:
        super().__init__(repository, environment, tell)
        self._packages = packages

    def remove(self, keys: Collection[str]) -> None:
        gone = set(keys)
        steps = {step for key in keys if (step := StoredObject(key, 0, 0.0).step)}
        with refusals():
            images = self.going(keys)
            if not steps and not images:
                return
            versions = {
                version.digest: version for version in self._packages.versions()
            }
            undeleted = [
                version
                for step in sorted(steps)
                if (version := self._removed(step, gone, versions)) is not None
            ]
            for tags in images:
                version = versions.pop(tags[0].digest, None)
                own = {tag.tag for tag in tags}
                # One that has a tag of somebody else stays.
                if (
                    version
                    and version.tags <= own
                    and not self._packages.delete(version)
                ):
                    undeleted.append(version)
            undeleted += self._superseded(versions)
        if undeleted:
            count = f"{len(undeleted)} version{'s' * (len(undeleted) != 1)}"
            why = f"GitHub does not delete {count} that very many have taken"
            raise TierError(f"{why}, as {undeleted[0].digest}", refused=True)

    def _removed(
        self, step: Digest, gone: set[str], versions: dict[Digest, PackageVersion]
    ) -> PackageVersion | None:
        """Remove records of a step; return the version that GitHub keeps anyway."""
        tag = tag_of(step)
        digest = self.client.manifest_digest(self.repository, tag)
        remaining = self.remaining(step, gone)
        version = versions.pop(digest, None) if digest else None
        if version is not None and version.tags != {tag}:
            version = None
        if not remaining and version is not None and self._packages.delete(version):
            return None
        # GitHub keeps the last version with a tag, but not when its tag has moved.
        self.put_entries(tag, remaining)
        if version is None or self._packages.delete(version):
            return None
        return version

    def _superseded(
        self, versions: Mapping[Digest, PackageVersion]
    ) -> list[PackageVersion]:
        """Delete versions that a later one replaced; return those that GitHub keeps.

        A manifest without a tag may be a platform of somebody's image, so each is read.
        """

        def is_ours(version: PackageVersion) -> bool:
            data = self.client.manifest(self.repository, version.digest)
            try:
                load_step(data or b"")
            except UnreadableError:
                return False
            return True

        untagged = [version for version in versions.values() if not version.tags]
        ours = parallel_map(is_ours, untagged, AT_ONCE)
        superseded = [v for v, is_ in zip(untagged, ours, strict=True) if is_]
        return [version for version in superseded if not self._packages.delete(version)]
