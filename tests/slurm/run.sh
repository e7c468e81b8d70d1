#!/usr/bin/env bash
# Is a sweep on a Slurm cluster the sweep of one computer? tests/slurm/run.sh PROGRAM
# The cluster is this computer: munge, slurmctld and slurmd in a folder of their own, as root, without
# systemd. A shard is killed while it runs. Exit status 77, with the reason, where it cannot be.
set -euo pipefail
program=$(realpath "$1")
cd "$(dirname "$0")/../.."
skip() {
  echo "skipped: $1"
  exit 77
}
[ "$(id -u)" -eq 0 ] || skip "the daemons are started as root"
for tool in munged slurmctld slurmd sbatch squeue sqlite3; do
  command -v $tool >/dev/null || skip "no $tool: scripts/dependencies slurm"
done
host=$(hostname -s)
umask 077
folder=$(mktemp -d /tmp/anesim-slurm.XXXXXX)
stop() {
  local daemon pid
  for daemon in slurmd slurmctld munged; do
    [ -s "$folder/$daemon.pid" ] || continue
    pid=$(cat "$folder/$daemon.pid")
    kill "$pid" 2>/dev/null || continue
    # What it has to write is written before the folder goes.
    for ((i = 0; i < 100; ++i)); do
      [ -e "/proc/$pid" ] || break
      sleep 0.1
    done
  done
  rm -rf "$folder"
}
trap stop EXIT

head -c 1024 /dev/urandom >"$folder/key"
munged --force --num-threads=2 --key-file="$folder/key" --socket="$folder/munge" \
  --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/seed" ||
  skip "munged does not start: $(tail -1 "$folder/munged.log")"
mkdir "$folder/state" "$folder/spool"
# Two ports that nobody has.
port=$((20000 + RANDOM % 20000))
cat >"$folder/slurm.conf" <<END
ClusterName=anesim
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$folder/munge
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$folder/slurm.conf ANESIM_POLL_S=0.3
slurmctld -f "$SLURM_CONF" || skip "slurmctld does not start"
slurmd -f "$SLURM_CONF" -N "$host" || skip "slurmd does not start"
for ((i = 0; i < 100; ++i)); do
  [ "$(sinfo --noheader --format=%t 2>/dev/null)" != idle ] || break
  sleep 0.2
done
[ "$(sinfo --noheader --format=%t)" = idle ] ||
  skip "no node comes up: $(tail -1 "$folder/slurmd.log")"

words=(kind=matmul m=256 n=256 k=256 --axis "chip=M1,M4" --axis "batch=1,2,4"
  --axis "memory.bandwidth=30GB/s..60GB/s:10MB/s")
work=$folder/work
run() { scripts/slurm/sweep --shards 4 --work "$work" --program "$program" "$@" -- "${words[@]}"; }
rows() {
  sqlite3 "$1" "SELECT point, assignment, latency_s, energy_j, bound, feasible, refused
                FROM sweep_point ORDER BY point"
}
"$program" sweep "${words[@]}" --db "$folder/whole.db" --view best >/dev/null

run --no-wait
# A shard dies without a word as soon as it has kept a point.
pid=""
for ((i = 0; i < 400 && ${#pid} == 0; ++i)); do
  if [ "$(sqlite3 "$work/part-1.db" 'SELECT count(*) FROM sweep_point' 2>/dev/null || echo 0)" -gt 0 ]; then
    for found in $(pgrep -f -- "--shard 1/4 --db part-1.db" || true); do
      # Not the shell that started it, and none of another folder.
      [ "$(readlink "/proc/$found/exe")" != "$program" ] ||
        [ "$(readlink "/proc/$found/cwd")" != "$work" ] || pid=$found
    done
  fi
  sleep 0.02
done
killed=0
if [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; then killed=1; fi
run | tee "$folder/said"
[ $killed -eq 1 ] || skip "shard 1 was done before it could be killed"
grep -q '^lost: shard 1; submitted again' "$folder/said"
diff <(rows "$folder/whole.db") <(rows "$work/all.db")
[ "$(rows "$work/all.db" | wc -l)" -eq 18006 ]
# What is done is not done again.
run >"$folder/again" 2>&1
[ "$(grep -c ': 0 points and 0 runs added' "$folder/again")" -eq 4 ]
# Another sweep has a folder of its own.
if scripts/slurm/sweep --shards 3 --work "$work" --program "$program" -- "${words[@]}" 2>/dev/null; then
  echo "a folder of another sweep was taken"
  exit 1
fi
echo "merged equals unsharded: 18006 rows; a killed shard was run again"
