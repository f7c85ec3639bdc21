#!/usr/bin/env python3
"""Writes docs/performance.md from the records: python3 benches/performance.py [FOLDER of records/]

Every figure of the page comes from here, with command, commit and machine as the record has them.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDS = ROOT / "benches" / "records"


def newest():
    """The last folder with all records; others hold those of single questions."""
    return max(path.parent.name for path in RECORDS.glob("*/flow_vs_ortools.json"))


def day_of(question):
    """The folder of a record: that of all, or where it lacks this one the newest that has it."""
    days = [path.parent.name for path in RECORDS.glob(f"*/{question}.json")]
    return DAY if DAY in days else max(days)


DAY = sys.argv[1] if len(sys.argv) > 1 else newest()

HEAD = """# Performance

Made by `python3 benches/performance.py` from [`benches/records/{day}`](../benches/records/{day}): tables
of what was measured, each with its command, commit and machine; what that day lacks comes from a later folder. A `+`
behind a commit says that the working tree differed from it. Times are medians of one run, in which whatever is
compared ran alternately; the machine was shared with others, so ratios are worth more than times.
[benches/README.md](../benches/README.md) has all questions and what they need. What limits the methods, and what was tried, is on their own pages.

Records are older than the crates' present names: the commit is that of the code which was timed.
"""


def record(question):
    """The machine, the arguments and the figures."""
    return json.loads((RECORDS / day_of(question) / f"{question}.json").read_text())


def tables(question):
    """The tables of a record, each a list of lines of cells."""
    found, lines = [], []
    for line in (RECORDS / day_of(question) / f"{question}.md").read_text().splitlines() + [""]:
        if line.startswith("|"):
            lines.append([cell.strip() for cell in line.strip("|").split("|")])
        elif lines:
            found.append(lines)
            lines = []
    return found


def shown(lines, keep=None):
    """A table in Markdown, of the columns to keep."""
    columns = [i for i, name in enumerate(lines[0]) if keep is None or name in keep]
    return "\n".join("| " + " | ".join(row[i] for i in columns) + " |" for row in lines)


def section(title, question, *body):
    """A question with where its figures come from."""
    made = record(question)
    machine, arguments = made["machine"], iter(made["arguments"])
    # Files that it wrote are no part of the command.
    rest = [word for word in arguments if word not in ("--out", "--plot") or not next(arguments)]
    command = " ".join(["cargo run --release -p spinroute-benches --bin", question, *(["--", *rest] if rest else [])])
    origin = (
        f"`{command}`, commit {machine['commit']}, {machine['date']}, {machine['cores']} cores of an "
        f"{machine['processor']}; [all rows](../benches/records/{day_of(question)}/{question}.md)."
    )
    return "\n\n".join([f"## {title}", origin, *body]) + "\n"


def span(values, digits=0):
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def against_ortools():
    figures = record("flow_vs_ortools")["figures"]
    wide = lambda row: row["experts"] > 160
    names = {
        "trained routers, up to 160 experts": lambda row: row["family"] == "trained router" and not wide(row),
        "trained routers, 256 experts": lambda row: row["family"] == "trained router" and wide(row),
    }
    families = next(t for t in tables("flow_vs_ortools") if t[0][0] == "family")
    lines = [["family", "instances", "`flow`, ms", "OR-tools, ms", "OR-tools / `flow`: least", "median"], ["---"] + ["---:"] * 5]
    for family in families[2:]:
        of = names.get(family[0], lambda row, name=family[0]: row["family"] == name)
        rows = [row for row in figures if of(row)]
        assert len(rows) == int(family[1]), family
        times = [span([row[key] for row in rows]) for key in ("flow_ms", "ortools_ms")]
        lines.append([family[0], family[1], *times, family[2] + " ×", family[3] + " ×"])
    equal = sum(row["same_optimum"] for row in figures)
    gap = max(row["gap"] for row in figures)
    text = (
        f"Build and solve on both sides, one thread. The optimum is the same on {equal} of {len(figures)} instances; the "
        f"largest certified gap of `flow` is {gap:.0e}. What `flow` costs in top-k passes: [flow.md](flow.md#cost)."
    )
    return section("`flow` against OR-tools SimpleMinCostFlow", "flow_vs_ortools", text, shown(lines))


def against_others():
    figures = record("exact_vs_others")["figures"]
    solved = [(row, of["solved"]) for row in figures for of in row["peers"].values() if "solved" in of]
    equal = sum(abs(of["missing"]) <= of["tolerance"] for _, of in solved)
    sizes = [row["tokens"] for row, of in solved if of["ms"] < row["flow_ms"]]
    ahead = {id(row) for row, of in solved if of["ms"] < row["flow_ms"]}
    faster = f"on {len(ahead)}, of at most {max(sizes)} tokens" if sizes else "on none"
    text = (
        "One expert a token: the transportation problem, to which solvers of assignment problems apply too (SciPy and LAPX on "
        "a copy of an expert for each unit of its capacity, HiGHS on the linear program). Seven tables, at capacity factors 1 and "
        f"1.25, in batches that grow; {len(figures)} instances, one thread, build and solve on all sides. A peer that takes "
        "more than 10 s gets no larger batch of the series, and one above 1 s is not run again. `flow` proves its optimum on each; the objective of the others, "
        f"recomputed, is the same within their tolerance in {equal} of {len(solved)} answers. One or several peers were faster than "
        f"`flow` {faster}. Cells: the peer's time over that of `flow`, median and least of the instances on which it was in "
        "time, and how many these are."
    )
    summary = next(t for t in tables("exact_vs_others") if t[0][0] == "T")
    return section("Beside other exact solvers", "exact_vs_others", text, shown(summary))


def anytime():
    rows = tables("anytime")[0][2:]
    rounds = sorted({int(row[1]) for row in rows})
    lines = [["router", *(f"{n} round{'s' * (n > 1)}" for n in rounds)], ["---"] + ["---:"] * len(rounds)]
    for name in dict.fromkeys(row[0] for row in rows):
        of = {int(row[1]): row[8] for row in rows if row[0] == name}
        lines.append([name, *(of[n] for n in rounds)])
    smaller = sum(float(row[6]) <= float(row[3]) for row in rows)
    text = (
        "Time of `flow`, stopped once it has proven the certified gap of quantile balancing after so many rounds, over the "
        f"time of these rounds. The gap that `flow` proves is no larger in {smaller} of {len(rows)} comparisons."
    )
    return section("`flow` against quantile balancing at equal gaps", "anytime", text, shown(lines))


def warm_start():
    ratios = [float(row[4]) for row in tables("warm_start")[0][2:]]
    text = f"From the prices of the half before: {span(ratios, 2)} of the cold time."
    return section("Warm start", "warm_start", text, shown(tables("warm_start")[0]))


def target_gap():
    rows = tables("target_gap")[0]
    ratios = [float(row[3]) for row in rows[2:]]
    text = f"Time to a proven gap of 0.1 % over the time to the end: less in {sum(r < 1 for r in ratios)} of {len(ratios)}."
    return section("A target gap of 0.1 %", "target_gap", text, shown(rows))


def growth():
    text = "Batches of growing size; peak memory as a multiple of the scores."
    return section("Growth with the batch", "growth", text, shown(tables("growth")[0]))


def topk_pass():
    text = "The pass against reading and copying the same bytes."
    return section("The top-k pass", "topk_pass", text, shown(tables("topk_pass")[0]))


def anneal_vs_peers():
    text = "Same reads and sweeps; `×` is the peer's time over ours on one thread, and over ours on two."
    return section("Simulated annealing against dwave-samplers", "anneal_vs_peers", text, shown(tables("anneal_vs_peers")[0]))


def qubo_build():
    text = "Building and compiling an assignment problem with penalties, against dimod, ommx and pyqubo."
    return section("From model to QUBO", "qubo_build", text, shown(tables("qubo_build")[0]))


def elsewhere():
    pages = [
        ("sb_quality", "Cuts of simulated bifurcation", "bifurcation.md#what-each-variant-is-good-at"),
        ("sb_penalties", "Routing as nothing but penalties", "bifurcation.md#penalties"),
        ("sb_step", "A step of simulated bifurcation", "bifurcation.md#speed"),
        ("sb_target", "Time to a good cut of K2000", "bifurcation.md#speed"),
        ("sb_routing", "Simulated bifurcation as a router", "sb-routing.md#measured"),
        ("assignment_build", "An assignment problem as a QUBO", "qubo.md#what-structure-saves"),
    ]
    rows = [["question", "record", "page"], ["---"] * 3]
    for question, title, page in pages:
        machine = record(question)["machine"]
        link = f"[{question}](../benches/records/{day_of(question)}/{question}.md), commit {machine['commit']}"
        rows.append([title, link, f"[{page.split('#')[0]}]({page})"])
    return "## On other pages\n\n" + shown(rows) + "\n"


def main():
    parts = [HEAD.format(day=DAY), against_ortools(), against_others(), growth(), warm_start(), target_gap(), anytime(), topk_pass()]
    parts += [anneal_vs_peers(), qubo_build(), elsewhere()]
    (ROOT / "docs" / "performance.md").write_text("\n".join(parts))


main()
