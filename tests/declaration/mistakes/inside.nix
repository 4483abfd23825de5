{
  env_scripts = [ "sh ${./setup.sh} --all" ];
  cmd = [ "cat" "${./.}" ];
  stages = [
    { name = "a"; commands = [ "cp ${./etc}/app.conf /etc/" ]; env.HERE = "${./a/b}"; }
    { name = "b"; commands = [ "ls /projects /my/project" ]; copy = [ { from = ./x; to = "/x"; } ]; }
  ];
}
