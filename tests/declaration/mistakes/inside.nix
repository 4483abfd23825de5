{
  env_scripts = [ "sh ${./setup.sh} --all" ];
  cmd = [ "cat" "${./.}" ];
  stages = [
    { name = "a"; commands = [ "cp ${./etc}/app.conf /etc/" ]; env.HERE = "${./a/b}"; }
    { name = "b"; commands = [ "ls /projects /my/project" ]; copy = [ { from = ./x; to = "/x"; } ]; }
    { name = "c"; copy = [ { from = "${./x}"; to = "/x"; } ]; commands = [ ./run.sh "${./a}b" ]; }
    { name = "d"; env.${toString ./a} = "x"; commands = [ "echo ${baseNameOf ./a} /project" ]; }
  ];
}
