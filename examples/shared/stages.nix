# Stages that several images of a team share. Each is a function of what differs.
rec {
  # Python packages in a virtual environment of their own, from a requirements file.
  python = { requirements, packages ? [ ] }: {
    name = "python";
    copy = [ { from = requirements; to = "/tmp/requirements.txt"; } ];
    commands = [
      "python3 -m venv /opt/venv"
      "/opt/venv/bin/pip install -r /tmp/requirements.txt"
    ] ++ map (package: "/opt/venv/bin/pip install ${package}") packages;
    env.PATH = "/opt/venv/bin:$PATH";
    cache_mounts = [ "/root/.cache/pip" ];
  };

  # An application's own files, on top of the stages that it needs.
  application = { source, dependencies }: {
    name = "application";
    inherit dependencies;
    copy = [ { from = source; to = "/app/"; } ];
  };

  # What all images have in common, with what an image says itself.
  image = own: {
    base = "debian:bookworm-slim";
    user = "app";
    workdir = "/app";
    labels."org.opencontainers.image.vendor" = "Example";
  } // own // {
    apt_packages = [ "ca-certificates" "python3-venv" ] ++ own.apt_packages or [ ];
  };
}
