{
  base = "debian:bookworm-slim";
  images.api.cmd = [ "api" ];
}
