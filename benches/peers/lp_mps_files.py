"""What the readers of LP and MPS take our files for: HiGHS, Gurobi, CPLEX, SCIP and dimod.

    python lp_mps_files.py DIRECTORY COMMAND

Makes 200 random models (those of `dimod_files.py`, and again with names that some format has no place for),
converts each with `COMMAND qubo convert` (COMMAND is the built `spinroute`) to .lp and .mps in DIRECTORY, and
to .json again from those; reads them with every reader that is installed, and compares the energies of all
states, variables by name through the file that `--names` writes. HiGHS and dimod must be there; Gurobi
(`gurobipy`), CPLEX (`cplex`) and SCIP (`pyscipopt`) are asked where they are, SCIP for linear models only.
"""

import itertools
import json
import pathlib
import subprocess
import sys

import dimod
import highspy
from dimod_files import MODELS, model

NAMES = ["x[0]", "semi", "free", "e5", "x1", "a b", "inf"]


def highs(path):
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(path)) == highspy.HighsStatus.kOk, path
    read = solver.getModel()
    lp, hessian = read.lp_, read.hessian_
    names = list(lp.col_names_)
    terms = {(name,): lp.col_cost_[i] for i, name in enumerate(names)}
    for column in range(hessian.dim_):
        for k in range(hessian.start_[column], hessian.start_[column + 1]):
            row, value = hessian.index_[k], hessian.value_[k]
            terms[names[row], names[column]] = value / 2 if row == column else value
    bounds = {name: (lp.col_lower_[i], lp.col_upper_[i]) for i, name in enumerate(names)}
    return terms, lp.offset_, bounds


def of_dimod(path):
    if path.suffix != ".lp":
        return None
    read = dimod.lp.loads(path.read_text())
    objective = read.objective
    terms = {(name,): value for name, value in objective.linear.items()} | dict(objective.quadratic)
    bounds = {name: (read.lower_bound(name), read.upper_bound(name)) for name in read.variables}
    return terms, objective.offset, bounds


def gurobi(path):
    import gurobipy

    with gurobipy.Env(empty=True) as env:
        env.setParam("OutputFlag", 0)
        env.start()
        read = gurobipy.read(str(path), env=env)
        objective, terms = read.getObjective(), {}
        linear = objective
        if isinstance(objective, gurobipy.QuadExpr):
            linear = objective.getLinExpr()
            for i in range(objective.size()):
                terms[objective.getVar1(i).VarName, objective.getVar2(i).VarName] = objective.getCoeff(i)
        for i in range(linear.size()):
            terms[(linear.getVar(i).VarName,)] = linear.getCoeff(i)
        bounds = {variable.VarName: (variable.LB, variable.UB) for variable in read.getVars()}
        return terms, linear.getConstant(), bounds


def cplex(path):
    import cplex

    read = cplex.Cplex()
    for stream in (read.set_log_stream, read.set_results_stream, read.set_warning_stream, read.set_error_stream):
        stream(None)
    read.read(str(path))
    names = read.variables.get_names()
    terms = {(name,): value for name, value in zip(names, read.objective.get_linear())}
    if read.objective.get_num_quadratic_variables():
        for i, row in enumerate(read.objective.get_quadratic()):
            for j, value in zip(row.ind, row.val):
                if j <= i:
                    terms[names[j], names[i]] = value / 2 if i == j else value
    bounds = dict(zip(names, zip(read.variables.get_lower_bounds(), read.variables.get_upper_bounds())))
    return terms, read.objective.get_offset(), bounds


def scip(path):
    import pyscipopt

    if "QUADOBJ" in path.read_text() or "[" in path.read_text():
        return None
    read = pyscipopt.Model()
    read.hideOutput()
    read.readProblem(str(path))
    terms = {(variable.name,): variable.getObj() for variable in read.getVars()}
    bounds = {variable.name: (variable.getLbOriginal(), variable.getUbOriginal()) for variable in read.getVars()}
    return terms, read.getObjoffset(), bounds


def energy(terms, offset, state):
    for names, value in terms.items():
        for name in names:
            value *= state[name]
        offset += value
    return offset


def compare(read, names, bqm):
    """The number of states whose energies are equal: all of them."""
    terms, offset, bounds = read
    labels = {name: str(label) for name, label in names.items()}
    fixed = {name: low for name, (low, high) in bounds.items() if name not in labels}
    assert all(bounds[name] == (low, low) for name, low in fixed.items()), bounds
    assert all(bounds[name] == (0, 1) for name in labels if name in bounds), bounds
    compared = 0
    for values in itertools.product([0, 1], repeat=len(bqm.variables)):
        sample = dict(zip(bqm.variables, values))
        by_label = {str(label): value for label, value in sample.items()}
        state = fixed | {name: by_label[label] for name, label in labels.items()}
        want = bqm.energy(sample)
        assert abs(energy(terms, offset, state) - want) <= 1e-9, (state, want)
        compared += 1
    return compared


def main(directory, command):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    readers = {"HiGHS": highs, "dimod": of_dimod, "Gurobi": gurobi, "CPLEX": cplex, "SCIP": scip}
    counts = dict.fromkeys(readers, 0)
    missing = set()
    run = lambda *words: subprocess.run([command, "qubo", "convert", *words], check=True, capture_output=True)
    for number, named, linear in itertools.product(range(MODELS), [False, True], [False, True]):
        bqm = model(number).change_vartype("BINARY", inplace=False)
        if linear:
            bqm.remove_interactions_from(list(bqm.quadratic))
        if named:
            bqm.relabel_variables(dict(enumerate(NAMES[: bqm.num_variables])))
        stem = directory / f"{number}-{named}-{linear}"
        source = stem.with_suffix(".json")
        source.write_text(json.dumps(bqm.to_serializable()))
        for ending in [".lp", ".mps"]:
            path, names = stem.with_suffix(ending), stem.with_suffix(".names")
            run(source, path, "--names", names)
            names = json.loads(names.read_text())
            back = stem.with_suffix(f"{ending}.json")
            run(path, back)
            ours = dimod.BinaryQuadraticModel.from_serializable(json.loads(back.read_text()))
            ours = ours.relabel_variables({i: f"x{i}" for i in ours.variables if isinstance(i, int)}, inplace=False)
            terms = {(name,): value for name, value in ours.linear.items()} | dict(ours.quadratic)
            compare((terms, ours.offset, dict.fromkeys(names, (0, 1))), names, bqm)
            for name, reader in readers.items():
                try:
                    read = reader(path)
                except ImportError:
                    missing.add(name)
                    continue
                if read is not None:
                    counts[name] += compare(read, names, bqm)
    for name, count in counts.items():
        print(name, "is not installed" if name in missing else f"{count} energies are equal")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
