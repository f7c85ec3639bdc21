#!/usr/bin/env bash
# Runs every benchmark and keeps the tables and JSON in benches/records/DATE. Takes an hour and a
# half; leave the machine alone meanwhile. Options are passed on: benches/record.sh --repeat 9
set -euo pipefail
cd "$(dirname "$0")/.."

records=benches/records/$(date -u +%F)
mkdir -p "$records"
cargo build --release --locked -p spinroute-benches --bins
for question in topk_pass flow_passes flow_vs_ortools exact_vs_others general_vs_ortools solve_many warm_start target_gap growth anytime time_limits anneal_vs_peers assignment_build qubo_build \
    sb_quality sb_penalties sb_step sb_target sb_routing; do
    plot=()
    case "$question" in anytime | sb_quality | sb_routing) plot=(--plot "$records/$question.svg") ;; esac
    "target/release/$question" --out "$records/$question.json" "${plot[@]}" "$@" |
        tee "$records/$question.md"
done
