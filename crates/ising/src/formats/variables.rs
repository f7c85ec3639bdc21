//! The variables of an LP or MPS file while it is read, by name, and the problem that they make.
//!
//! A variable may have bounds. It is a binary if it is declared so, or an integer from 0 to 1. One whose
//! bounds are equal is a constant: its value goes into the terms, and it is no variable of the problem.
//! Everything else is refused, at the bound that makes it so. Squares are kept until then, since those of
//! a constant are not linear.

use std::collections::HashMap;
use std::io::BufRead;

use super::lines::Lines;
use super::polynomial::Polynomial;
use super::written_names::CONSTANT;
use super::{Content, Problem};
use crate::Error;

/// Bounds of this size are none.
const INFINITE: f64 = 1e20;

/// What a variable is declared as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Domain {
    #[default]
    Continuous,
    Integer,
    Binary,
}

/// A bound, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) value: f64,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Variable {
    pub(super) domain: Domain,
    pub(super) low: Option<Limit>,
    pub(super) high: Option<Limit>,
}

/// Names in the order of their first appearance, and the terms. Squares are pairs of a variable with
/// itself.
#[derive(Default)]
pub(super) struct Variables {
    pub(super) numbers: HashMap<String, u32>,
    pub(super) names: Vec<String>,
    pub(super) declared: Vec<Variable>,
    pub(super) terms: Polynomial,
}

impl Variables {
    /// The number of a name.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        self.declared.push(Variable::default());
        number
    }

    /// The problem, if every variable is binary or has one value.
    pub(super) fn problem<R: BufRead>(
        self,
        maximise: bool,
        lines: &mut Lines<'_, R>,
    ) -> Result<Problem, Error> {
        let values = self
            .declared
            .iter()
            .zip(&self.names)
            .map(|(variable, name)| variable.value(name, lines))
            .collect::<Result<Vec<Option<f64>>, Error>>()?;
        self.say(&values, lines);
        let mut kept = 0..;
        let numbers: Vec<u32> = values
            .iter()
            .map(|value| if value.is_some() { 0 } else { kept.next().unwrap_or(0) })
            .collect();
        let mut terms = resolved(self.terms, &values, &numbers);
        if maximise {
            let Polynomial { linear, pairs, offset } = &mut terms;
            for term in linear {
                term.1 = -term.1;
            }
            for pair in pairs {
                pair.2 = -pair.2;
            }
            *offset = 0.0 - *offset;
        }
        let names = self.names.into_iter().zip(&values).filter(|(_, value)| value.is_none());
        let names: Vec<String> = names.map(|(name, _)| name).collect();
        let content = Content::Qubo(terms.qubo(names.len() as u64, lines)?);
        let counted = names.iter().enumerate().all(|(i, name)| *name == format!("x{i}"));
        Ok(Problem { content, names: (!counted).then_some(names) })
    }

    /// Notes the variables that have one value, but for the one that carries an offset.
    fn say<R: BufRead>(&self, values: &[Option<f64>], lines: &mut Lines<'_, R>) {
        let fixed = values.iter().zip(&self.declared).zip(&self.names);
        let fixed: Vec<String> = fixed
            .filter(|((value, variable), name)| {
                let offset = variable.domain == Domain::Continuous && *name == CONSTANT;
                value.is_some() && !offset
            })
            .map(|((value, _), name)| format!("{name} = {}", value.unwrap_or_default()))
            .collect();
        if let Some(first) = fixed.first() {
            let more = fixed.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            lines
                .note(format!("fixed by its bounds and no variable of the problem: {first}{more}"));
        }
    }
}

impl Variable {
    /// The value, if there is one only; `None` for a binary.
    fn value<R: BufRead>(&self, name: &str, lines: &Lines<'_, R>) -> Result<Option<f64>, Error> {
        let infinite =
            |value: f64| if value.abs() < INFINITE { value } else { f64::INFINITY.copysign(value) };
        let largest = if self.domain == Domain::Binary { 1.0 } else { f64::INFINITY };
        let low = self.low.map_or(0.0, |limit| infinite(limit.value));
        let high = self.high.map_or(largest, |limit| infinite(limit.value));
        let whole = self.domain == Domain::Continuous || low.fract() == 0.0;
        let within = self.domain != Domain::Binary || (0.0..=1.0).contains(&low);
        if low == high && low.is_finite() && whole && within {
            return Ok(Some(low));
        }
        if self.domain != Domain::Continuous && low == 0.0 && high == 1.0 {
            return Ok(None);
        }
        let reason = match self.domain {
            Domain::Continuous => {
                "it is continuous: list it under `Binary` (LP) or bound it by `BV` (MPS)"
            }
            _ => "its bounds are not 0 and 1",
        };
        let reason = format!("variable {name:?} is not binary; {reason}");
        // The bound that is to blame, if there is one.
        let blamed = [self.high.filter(|_| high != 1.0), self.low.filter(|_| low != 0.0)];
        let place = blamed.into_iter().flatten().chain(self.high).chain(self.low).next();
        Err(match place {
            Some(Limit { line, column, .. }) => lines.at(line, column, reason),
            None => lines.end(reason),
        })
    }
}

/// The terms with the values put in, squares of binaries as linear terms, and variables renumbered.
fn resolved(mut terms: Polynomial, values: &[Option<f64>], numbers: &[u32]) -> Polynomial {
    let Polynomial { linear, pairs, offset } = &mut terms;
    let mut more = Vec::new();
    pairs.retain_mut(|(i, j, value)| {
        match (values[*i as usize], values[*j as usize]) {
            (None, None) if i == j => more.push((*i, *value)),
            (None, None) => {
                (*i, *j) = (numbers[*i as usize], numbers[*j as usize]);
                return true;
            }
            (Some(x), None) => more.push((*j, *value * x)),
            (None, Some(x)) => more.push((*i, *value * x)),
            (Some(x), Some(y)) => *offset += *value * x * y,
        }
        false
    });
    linear.append(&mut more);
    linear.retain_mut(|(i, value)| {
        let fixed = values[*i as usize];
        *offset += fixed.map_or(0.0, |x| *value * x);
        *i = numbers[*i as usize];
        fixed.is_none()
    });
    terms
}
