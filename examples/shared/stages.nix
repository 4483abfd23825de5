# Stages that several images of a team share. Each is a function of what differs.
{
  # Python packages in a virtual environment of their own, from a requirements file.
  python =
    { requirements }:
    {
      name = "python";
      copy = [
        {
          from = requirements;
          to = "/tmp/requirements.txt";
        }
      ];
      commands = [
        "python3 -m venv /opt/venv"
        "/opt/venv/bin/pip install -r /tmp/requirements.txt"
      ];
      env.PATH = "/opt/venv/bin:$PATH";
      cache_mounts = [ "/root/.cache/pip" ];
    };

  # An application's own files, on top of the stages that it needs.
  application =
    { source, dependencies }:
    {
      name = "application";
      inherit dependencies;
      copy = [
        {
          from = source;
          to = "/app/";
        }
      ];
    };
}
