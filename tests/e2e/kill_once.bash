#!/usr/bin/env bash
# Runs a function, and dies in a step when a file DIRECTORY/STEP.before or
# DIRECTORY/STEP.after says so: before it has any effect, or after it had all of
# them but nobody was told. The file goes first, so it happens once. A line
# "TOKEN STEP killed|STATUS" in DIRECTORY/log tells who waits.
# Usage: kill_once DIRECTORY COMMAND…, the event on stdin
directory=$1
shift
event=$(cat)
read -r step token < <(jq -r '"\(.Step) \(.ClientRequestToken)"' <<<"$event")
# A function verifies the database with this; where it comes from is not its business.
export DB_CA=$LAB_CA
die() { rm "$directory/$step.$1" 2>/dev/null && echo "$token $step killed" >>"$directory/log" && kill -9 $$; }
die before
printf '%s' "$event" | "$@"
status=$?
die after
echo "$token $step $status" >>"$directory/log"
exit $status
