#!/usr/bin/env bash
# Says what comes next, so that the log of a run reads like a list.
printf '\n== %s\n' "$*"
