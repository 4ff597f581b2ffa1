#!/bin/sh
# Ends what a test run has started, should the run itself be killed: then its end of our standard input closes.
# It tells us line by line: "started PID", "ended PID", "folder PATH", and "done" when there is nothing left to do.
pids=' '
folders=''
while read -r verb thing; do
  case $verb in
    started) pids="$pids$thing " ;;
    ended)
      # Of a pid that is not in the list both halves would be the whole list.
      case $pids in *" $thing "*) pids="${pids%% "$thing" *} ${pids#* "$thing" }" ;; esac
      ;;
    folder) folders="$folders$thing
" ;;
    done) exit 0 ;;
  esac
done
# For Postgres an immediate shutdown, for Redis and Node the end.
for pid in $pids; do kill -QUIT "$pid" 2>/dev/null && kill -CONT "$pid"; done
tries=0
for pid in $pids; do
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  # Kannel only writes a report.
  kill -KILL "$pid" 2>/dev/null
done
printf %s "$folders" | while read -r folder; do rm -rf "$folder"; done
