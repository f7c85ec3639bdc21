//! Whatever was wrong with what was put into a model, and the values of its parameters.

use std::collections::BTreeSet;

use crate::Error;
use crate::constraint::Body;
use crate::expression::Expr;
use crate::model::Parts;
use crate::options::Options;
use spinroute_ising as ising;

/// Looks for what was wrong with the input; the values of the parameters.
pub(crate) fn check(parts: &Parts, options: &Options) -> Result<Vec<f64>, Error> {
    if let Some(mistake) = &parts.mistake {
        return Err(mistake.clone());
    }
    let mut names = BTreeSet::new();
    for (name, _) in &parts.constraints {
        if !names.insert(name) {
            return Err(Error::Name { name: name.clone() });
        }
    }
    check_expression(&parts.objective, parts)?;
    for (_, constraint) in &parts.constraints {
        match &constraint.body {
            Body::Compare(left, _) => check_expression(left, parts)?,
            Body::Sos1(variables) => {
                variables.iter().try_for_each(|&v| check_variable(v, parts))?;
            }
        }
    }
    check_options(parts, options)?;
    options.values(parts)
}

fn check_options(parts: &Parts, options: &Options) -> Result<(), Error> {
    let (want, got) = (parts.constraints.len(), options.multipliers.len());
    if got != 0 && got != want {
        return Err(
            ising::Error::Length { what: "multipliers, one a constraint", want, got }.into()
        );
    }
    // Below 0, wrong auxiliary bits would be rewarded.
    match options.reduction.strength {
        Some(strength) if !(strength >= 0.0 && strength.is_finite()) => {
            Err(ising::Error::Parameter {
                name: "strength",
                value: strength.to_string(),
                mend: "it is finite and not negative, or none for one that is proven",
            }
            .into())
        }
        _ => Ok(()),
    }
}

fn check_variable(variable: u32, parts: &Parts) -> Result<(), ising::Error> {
    let (variable, variables) = (variable as usize, parts.variables);
    if variable < variables { Ok(()) } else { Err(ising::Error::Variable { variable, variables }) }
}

/// Every variable and parameter exists, every number is finite.
fn check_expression(expression: &Expr, parts: &Parts) -> Result<(), Error> {
    if let Some(mistake) = &expression.mistake {
        return Err((**mistake).clone());
    }
    let finite = |index: usize, value: f64| {
        let what = "coefficient of term";
        if value.is_finite() { Ok(()) } else { Err(ising::Error::NotFinite { what, index, value }) }
    };
    finite(0, expression.constant)?;
    let check_linear = |terms: &[(u32, f64)]| {
        terms.iter().enumerate().try_for_each(|(index, &(variable, c))| {
            check_variable(variable, parts)?;
            finite(index, c)
        })
    };
    check_linear(&expression.linear)?;
    for (index, &(u, v, c)) in expression.quadratic.iter().enumerate() {
        check_variable(u.max(v), parts)?;
        finite(index, c)?;
    }
    for (index, (variables, c)) in expression.higher.iter().enumerate() {
        variables.iter().try_for_each(|&variable| check_variable(variable, parts))?;
        finite(index, *c)?;
    }
    for (index, square) in expression.squares.iter().enumerate() {
        finite(index, square.weight)?;
        finite(index, square.constant)?;
        check_linear(&square.linear)?;
    }
    for (names, part) in &expression.symbolic {
        if let Some(name) = names.iter().find(|&&p| p as usize >= parts.parameters.len()) {
            return Err(Error::Undeclared { name: format!("#{name}") });
        }
        check_expression(part, parts)?;
    }
    Ok(())
}
