"""The S3 tier as a kind: its settings, and how it is opened."""

from dataclasses import replace

from dynbuild.declaration.caches import Minio
from dynbuild.declaration.grammar import PREFIX, matches
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.inventory import Inventory
from dynbuild.ports import CountBytes, Notify, Tier
from dynbuild.tiers.environment import switch, uses, wrong
from dynbuild.tiers.http.address import is_authority
from dynbuild.tiers.kind import EnvironmentVariables, TierConfig, TierKind

_BUCKET_NAME = range(3, 64)


def _configure(
    declared: Minio | None, environment: EnvironmentVariables
) -> TierConfig | None:
    endpoint, secure = _endpoint(environment)
    if endpoint is None:
        if declared is None:
            return None
        endpoint, secure = declared.endpoint, declared.secure
    settings = declared or Minio(endpoint)
    bucket = environment.get("MINIO_BUCKET") or settings.bucket
    if len(bucket) not in _BUCKET_NAME or "/" in bucket:
        raise _no_bucket(bucket)
    prefix = environment.get("MINIO_PREFIX") or settings.prefix or ""
    if prefix and not matches(PREFIX, prefix):
        raise wrong("MINIO_PREFIX", prefix, "names between slashes, such as team/cache")
    region = environment.get("MINIO_REGION") or settings.region or None
    if bool(environment.get("MINIO_ACCESS_KEY")) != bool(
        environment.get("MINIO_SECRET_KEY")
    ):
        message = "only one of MINIO_ACCESS_KEY and MINIO_SECRET_KEY is set"
        raise DeclarationError(Diagnostic("DB0607", message, hint="set both, or none"))
    secure = switch("MINIO_SECURE", environment, secure)
    where = (endpoint, bucket, secure, region, prefix)

    def open_(tell: Notify, came: CountBytes, went: CountBytes) -> Tier:
        from dynbuild.tiers.s3.client import Settings  # noqa: PLC0415
        from dynbuild.tiers.s3.tier import S3  # noqa: PLC0415

        return S3(Settings(*where), tell, came, went)

    def inventory() -> Inventory:
        from dynbuild.tiers.s3.client import Settings  # noqa: PLC0415
        from dynbuild.tiers.s3.inventory import S3Inventory  # noqa: PLC0415

        return S3Inventory(Settings(*where), lambda _: None)

    return TierConfig(
        name="s3",
        place=_place(endpoint, bucket, prefix, secure=secure),
        open=open_,
        inventory=inventory,
        uses=uses("MINIO_MODE", environment, settings.mode),
        required=switch("MINIO_REQUIRED", environment, settings.required),
    )


def _endpoint(environment: EnvironmentVariables) -> tuple[str | None, bool]:
    """Return the host and port that the environment names, and whether to use TLS."""
    value = environment.get("MINIO_ENDPOINT")
    if not value:
        return None, True
    scheme, _, rest = value.rpartition("://")
    endpoint = rest.rstrip("/")
    if scheme not in ("", "http", "https") or not is_authority(endpoint):
        # It may hold a password.
        raise wrong("MINIO_ENDPOINT", "…", "a host or host:port")
    return endpoint, scheme != "http"


def _no_bucket(name: str) -> DeclarationError:
    bucket, slash, prefix = name.partition("/")
    if not slash:
        return wrong("MINIO_BUCKET", name, "a name of 3 to 63 characters")
    message = f"the bucket {name} has a / in its name"
    hint = f"name the bucket {bucket}, and what is below it as prefix: {prefix}"
    return DeclarationError(
        Diagnostic("DB0607", message, hint=f"{hint} (MINIO_BUCKET, MINIO_PREFIX)")
    )


def _place(endpoint: str, bucket: str, prefix: str | None, *, secure: bool) -> str:
    inside = f"/{prefix}" if prefix else ""
    return f"{'https' if secure else 'http'}://{endpoint}/{bucket}{inside}"


def _shown(declared: Minio) -> tuple[str, str]:
    clear = "" if declared.secure else ", credentials go there unencrypted"
    place = _place(
        declared.endpoint, declared.bucket, declared.prefix, secure=declared.secure
    )
    return place, declared.mode + clear


def _is_overridden(declared: Minio, environment: EnvironmentVariables) -> bool:
    none = Minio("")
    bucket = none.bucket if environment.get("MINIO_BUCKET") else declared.bucket
    prefix = none.prefix if environment.get("MINIO_PREFIX") else declared.prefix
    own = replace(declared, endpoint="", secure=none.secure, bucket=bucket)
    return replace(own, prefix=prefix) == none


S3_KIND = TierKind(
    declared=Minio,
    name="s3",
    label="S3 tier",
    colors=("#2c6fb8", "#67a8ea"),
    variables=("MINIO_ENDPOINT",),
    configure=_configure,
    shown=_shown,
    is_overridden=_is_overridden,
)
