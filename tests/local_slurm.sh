#!/bin/bash
# A Slurm of this machine alone, for tests: local_slurm.sh start FOLDER | stop FOLDER
# Needs slurmctld, slurmd, munged (Debian: slurm-wlm, munge) and root. All its files are below FOLDER;
# afterwards: export SLURM_CONF=FOLDER/slurm.conf
set -eu
action=${1:?start or stop} folder=$(realpath -m "${2:?a folder}")
stop() {
    for name in slurmd slurmctld munged; do
        if [ -f "$folder/$name.pid" ]; then kill "$(cat "$folder/$name.pid")" 2>/dev/null || true; fi
    done
}
if [ "$action" = stop ]; then stop; exit 0; fi
mkdir -p "$folder"/{state,spool}
chmod 755 "$folder"
cores=$(nproc) host=$(hostname -s) port=${LOCAL_SLURM_PORT:-6917}
( umask 077; head -c 1024 /dev/urandom > "$folder/munge.key" )
munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --seed-file="$folder/munged.seed" --log-file="$folder/munged.log"
cat > "$folder/slurm.conf" <<CONF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=1,bf_interval=2,requeue_delay=1
KillWait=10
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$folder/slurm.conf"
slurmctld -c
slurmd -c
for _ in $(seq 60); do
    if sinfo -h -o %T 2>/dev/null | grep -q idle; then echo "$SLURM_CONF"; exit 0; fi
    sleep 0.5
done
echo "Slurm did not come up; see $folder/slurmctld.log and $folder/slurmd.log" >&2
stop
exit 1
