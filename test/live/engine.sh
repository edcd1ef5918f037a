#!/usr/bin/env bash
# A throwaway engine, Docker or Podman, and two registries for the live tests, from Debian's packages. Debian 12, root.
#   engine.sh install [docker|podman]...  installs what is missing, the tar programs, tmux and shells that the other tests ask too
#   engine.sh start [docker|podman]       installs, starts them, and prints what the tests want in their environment:
#             set -a; eval "$(bash test/live/engine.sh start)"; set +a; npm run test:live
#   engine.sh restart [docker|podman]     starts an engine again that was killed, with the store that it had
#   engine.sh start registries            starts only the registries, for an engine that already runs
#   engine.sh stop                        stops them and removes everything that they made
# Everything is in one folder, LONGSHORE_ENGINE (default: one below /tmp), with its own sockets, stores and ports. An engine that
# already runs on this machine is not used. There is no bridge and no firewall rule, because these tests run no container.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin # where Debian has dockerd

folder=${LONGSHORE_ENGINE:-/tmp/longshore-engine}

say() { printf '%s\n' "$*" >&2; }
fail() { say "engine.sh: $*"; exit 1; }

# need COMMAND PACKAGE: installs the package unless the command is there
need() { command -v "$1" >/dev/null || missing+=("$2"); }

install_missing() {
  [[ $(uname -s) == Linux ]] || fail 'an engine needs Linux'
  [[ $(id -u) == 0 ]] || fail 'an engine needs root'
  local missing=() engine
  for engine; do
    case $engine in
      docker) need dockerd docker.io ;;
      # crun, because Podman has no default runtime, and requires one even if it runs no container.
      podman) need podman podman; need crun crun ;;
      registries) ;;
      *) fail "there is no engine called $engine: docker, podman" ;;
    esac
  done
  need docker-registry docker-registry
  need htpasswd apache2-utils
  need curl curl
  need bsdtar libarchive-tools
  need python3 python3
  need zstd zstd
  need bzip2 bzip2
  need xz xz-utils
  # For the tests themselves: TLS, an sshd, an nginx, a store of credentials.
  need openssl openssl
  need sshd openssh-server
  need ssh openssh-client
  need nginx nginx
  need pgrep procps
  need pass pass
  need gpg gnupg
  need docker-credential-pass golang-docker-credential-helpers
  need tmux tmux
  need zsh zsh
  need fish fish
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || fail "${missing[*]} must be installed, and there is no apt-get: this is no Debian"
  say "installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! apt_install >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
}
# The package lists of a fresh machine are empty, and old lists name files that the mirror has removed.
apt_install() (
  # Packages start their services, dockerd and an sshd on port 22, unless this file forbids it (invoke-rc.d(8)).
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
  fi
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
)

# spawn NAME COMMAND...: in the background, its output in NAME.log, its process id in NAME.pid
spawn() {
  local name=$1
  shift
  setsid "$@" >"$folder/$name.log" 2>&1 </dev/null &
  echo $! >"$folder/$name.pid"
}

# await NAME SECONDS COMMAND...: until the command succeeds
await() {
  local name=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)) || ! kill -0 "$(<"$folder/$name.pid")" 2>/dev/null; then
      say "the last lines of $name:"
      tail -n 20 "$folder/$name.log" >&2
      fail "$name does not run"
    fi
    sleep 0.1
  done
}

# make_certificates FOLDER: a CA, and one of its certificates, for localhost alone: 127.0.0.1 is a wrong name for it.
make_certificates() {
  local new=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
  mkdir "$1"
  printf 'subjectAltName = DNS:localhost\nextendedKeyUsage = serverAuth\n' >"$1/extensions"
  {
    "${new[@]}" -x509 -days 2 -subj '/CN=longshore-live' -keyout "$1/ca-key.pem" -out "$1/ca.pem" &&
      "${new[@]}" -subj '/CN=localhost' -keyout "$1/server-key.pem" -out "$1/server.csr" &&
      openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca-key.pem" -CAcreateserial -days 2 \
        -extfile "$1/extensions" -out "$1/server.pem"
  } 2>"$1/log" || fail "openssl: $(tail -n 3 "$1/log")"
}

start_docker() {
  local tls=$folder/tls
  [[ -d $tls ]] || make_certificates "$tls" # not again for one that is started again
  printf '{"insecure-registries":["127.0.0.0/8"]}\n' >"$folder/daemon.json"
  # TLS is only for the port, which the system chooses and the log contains. The namespaces differ, in case it finds a
  # containerd that the system runs. A restart keeps them: with the containerd store they hold the images.
  local namespace
  [[ -e $folder/namespace ]] || echo "$$" >"$folder/namespace"
  namespace=$(<"$folder/namespace")
  spawn docker dockerd --config-file "$folder/daemon.json" --host "unix://$folder/docker.sock" \
    --host tcp://127.0.0.1:0 --tlsverify --tlscacert "$tls/ca.pem" \
    --tlscert "$tls/server.pem" --tlskey "$tls/server-key.pem" \
    --pidfile "$folder/dockerd-self.pid" --data-root "$folder/data" --exec-root "$folder/exec" \
    --bridge none --iptables=false --ip6tables=false \
    --containerd-namespace "longshore-$namespace" --containerd-plugins-namespace "longshore-plugins-$namespace"
  await docker 60 grep -q 'listen on 127\.0\.0\.1:[0-9]' "$folder/docker.log"
}

start_podman() {
  local driver=overlay
  [[ $(stat -f -c %T "$folder") != overlayfs ]] || driver=vfs # which cannot be stacked
  # Podman uses plain HTTP only with configured registries, in the order of the settings.
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$(address registry)" "$(address registry-auth)" \
    >"$folder/registries.conf"
  # Without systemd, its journal and its control groups do not exist.
  printf '[engine]\nevents_logger = "file"\ncgroup_manager = "cgroupfs"\n' >"$folder/containers.conf"
  mkdir -p "$folder/tmp"
  CONTAINERS_REGISTRIES_CONF=$folder/registries.conf CONTAINERS_CONF=$folder/containers.conf TMPDIR=$folder/tmp \
    spawn podman podman --root "$folder/data" --runroot "$folder/exec" --tmpdir "$folder/tmp" \
    --storage-driver "$driver" system service --time=0 "unix://$folder/podman.sock"
}

# answers ENGINE: whether it responds
answers() { curl -fsS --max-time 2 --unix-socket "$folder/$1.sock" http://engine/_ping >/dev/null 2>&1; }

# start_registry NAME [AUTH]: on a port that the system chooses and the log contains
start_registry() {
  local name=$1 auth=${2-}
  cat >"$folder/$name.yml" <<YAML
version: 0.1
storage: {filesystem: {rootdirectory: $folder/$name}, delete: {enabled: true}}
http: {addr: "127.0.0.1:0", secret: "$name"}
$auth
YAML
  spawn "$name" docker-registry serve "$folder/$name.yml"
  await "$name" 20 grep -q 'listening on 127\.0\.0\.1:[0-9]' "$folder/$name.log"
}
address() { grep -o -m1 'listen\(ing\)\? on 127\.0\.0\.1:[0-9]*' "$folder/$1.log" | cut -d' ' -f3; }

start() {
  local engine=$1
  if [[ -e $folder/settings ]] && answers "$engine"; then
    cat "$folder/settings"
    return
  fi
  # The path of a Unix socket has at most 107 bytes, and containerd's paths are the longest.
  ((${#folder} <= 60)) || fail "LONGSHORE_ENGINE is too long for the paths of sockets: $folder"
  install_missing "$engine"
  stop
  mkdir -p "$folder"
  trap '[[ $? == 0 ]] || stop' EXIT
  local user=longshore password
  # Characters that become "-" and "_" in base64url, and need quoting everywhere.
  password="$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')??>>~~"
  htpasswd -Bbn "$user" "$password" >"$folder/htpasswd"
  start_registry registry
  start_registry registry-auth "auth: {htpasswd: {realm: longshore, path: $folder/htpasswd}}"
  if [[ $engine != registries ]]; then
    "start_$engine"
    await "$engine" 60 answers "$engine"
  fi
  {
    [[ $engine == registries ]] || printf 'DOCKER_HOST=%q\n' "unix://$folder/$engine.sock"
    printf 'REGISTRY=%q\nREGISTRY_AUTH=%q\n' "$(address registry)" "$(address registry-auth)"
    if [[ $engine == docker ]]; then
      printf 'DOCKER_TLS_HOST=%q\nDOCKER_TLS_CERTS=%q\n' "tcp://localhost:$(address docker | cut -d: -f2)" "$folder/tls"
    fi
    printf 'REGISTRY_USER=%q\nREGISTRY_PASSWORD=%q\n' "$user" "$password"
  } >"$folder/settings"
  cat "$folder/settings"
}

restart() {
  [[ -e $folder/settings ]] || fail "nothing was started in $folder"
  end "$1"
  # The containerd of a dockerd that was killed. A zombie without a parent that waits would look like a running process.
  cp "$folder/exec/containerd/containerd.pid" "$folder/containerd.pid" 2>/dev/null && end containerd
  rm -rf --one-file-system "$folder/$1.sock" "$folder/dockerd-self.pid" "$folder/containerd.pid" "$folder/exec/containerd"
  "start_$1"
  await "$1" 60 answers "$1"
}

# Ends the process in NAME.pid, and waits for it; dockerd also ends its containerd.
end() {
  local pid
  pid=$(cat "$folder/$1.pid" 2>/dev/null) || return 0
  # Another process may have the process id now: ours has the folder in its arguments.
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$folder/" || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 150); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}

stop() {
  end registry
  end registry-auth
  end docker
  end podman
  [[ -d $folder ]] || return 0
  # Mounts that are left after an engine was killed.
  local mounted
  cut -d' ' -f2 /proc/mounts | { grep -F "$folder/" || true; } | sort -r | while read -r mounted; do
    umount -l "$mounted" 2>/dev/null || true
  done
  rm -rf --one-file-system "$folder"
}

case ${1-} in
  install) shift; install_missing "${@:-docker}" ;;
  start) start "${2:-docker}" ;;
  restart) restart "${2:-docker}" ;;
  stop) stop ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
