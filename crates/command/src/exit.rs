//! How a run ends: exit codes, and errors as one line with the mend.

use std::io::{self, Write};
use std::process::ExitCode;

use spinroute::{Instance, checkpoint, ising, registry};

/// The part of `--help` that documents the exit codes. A test compares it with [`Failure::code`].
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0   done (a run that a limit or Ctrl-C stopped is done too: see `stop`)
  1   verify: the assignment breaks a constraint
  2   usage: an option, a parameter, or a solver that cannot handle the instance
  3   bad input: a file that is malformed, or does not fit the others
  4   infeasible: no assignment meets the demand
  5   a file cannot be read or written
  70  a bug in spinroute: please report it";

/// Why a run failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The assignment to verify breaks a constraint.
    Verification(String),
    /// Options or parameters that make no sense.
    Usage(String),
    /// An input that cannot be used.
    Input(String),
    /// No assignment exists.
    Infeasible(String),
    /// Reading or writing failed.
    Files(String),
    /// The reader of the output went away: no failure of ours.
    BrokenPipe,
    /// Something that should not happen.
    Internal(String),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Verification(_) => 1,
            Self::Usage(_) => 2,
            Self::Input(_) => 3,
            Self::Infeasible(_) => 4,
            Self::Files(_) => 5,
            Self::Internal(_) => 70,
        }
    }

    /// Why a solver gave no answer. The command checked the instance, the parameters and the warm
    /// prices before, so what is left is a refusal, an instance without an answer, or a defect.
    pub(crate) fn of_solver(name: &str, error: spinroute::Error, instance: &Instance) -> Self {
        use spinroute::Error as E;
        match error.in_solver() {
            E::Deficient(sets) if !sets.proves(instance) => {
                Self::Internal(format!("{name}: no proof that nothing is feasible: {sets}"))
            }
            E::Defect(what) => Self::Internal(format!("{name}: {what}")),
            error => error.into(),
        }
    }

    /// The same failure, with where it was.
    pub(crate) fn at(self, place: &str) -> Self {
        let at = |what: String| format!("{place}: {what}");
        match self {
            Self::Verification(what) => Self::Verification(at(what)),
            Self::Usage(what) => Self::Usage(at(what)),
            Self::Input(what) => Self::Input(at(what)),
            Self::Infeasible(what) => Self::Infeasible(at(what)),
            Self::Files(what) => Self::Files(at(what)),
            Self::BrokenPipe => Self::BrokenPipe,
            Self::Internal(what) => Self::Internal(at(what)),
        }
    }

    /// Why a minimiser gave no state of a model that was checked before: as [`Failure::of_solver`].
    pub(crate) fn of_minimiser(name: &str, error: ising::Error) -> Self {
        use ising::Error as E;
        match error {
            // Energies that overflow are the model's.
            E::Parameter { .. }
            | E::Registry(_)
            | E::TooLarge { .. }
            | E::Unsuited { .. }
            | E::NotFinite { .. } => error.into(),
            error => Self::Internal(format!("{name}: {error}")),
        }
    }

    /// Prints the error, one line, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let (message, end) = match self {
            Self::BrokenPipe => return ExitCode::SUCCESS,
            Self::Verification(message)
            | Self::Usage(message)
            | Self::Input(message)
            | Self::Infeasible(message)
            | Self::Files(message) => (message, ""),
            Self::Internal(message) => (message, "; this is a bug, please report it"),
        };
        // Where standard error cannot be written, the exit code still says what happened.
        let _ = writeln!(io::stderr(), "error: {}{end}", one_line(message));
        ExitCode::from(self.code())
    }
}

/// Line ends and other control characters escaped, all else as it is: a message quotes file names.
fn one_line(message: &str) -> String {
    let mut line = String::new();
    for c in message.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

impl From<spinroute::Error> for Failure {
    fn from(error: spinroute::Error) -> Self {
        use spinroute::Error as E;
        let message = error.to_string();
        match error {
            E::Infeasible { .. } | E::Starved { .. } | E::Deficient(_) => Self::Infeasible(message),
            E::Defect(what) => Self::Internal(what),
            E::CapacityFactor { .. }
            | E::Demand { .. }
            | E::Parameter { .. }
            | E::Unsupported(_) => Self::Usage(message),
            _ => Self::Input(message),
        }
    }
}

/// The option that sets an argument of a reader.
fn option(argument: checkpoint::Argument) -> &'static str {
    use checkpoint::Argument as A;
    match argument {
        A::Tensor => "--tensor",
        A::IdsTensor => "--ids-tensor",
        A::WeightsTensor => "--weights-tensor",
        A::Layer => "--layer",
        A::Experts => "--experts",
        A::Rows => "--tokens",
        other => other.name(),
    }
}

impl From<checkpoint::Error> for Failure {
    fn from(error: checkpoint::Error) -> Self {
        match error {
            checkpoint::Error::Read { .. } => Self::Files(format!("{error}; check the path")),
            error => Self::Input(error.naming(option)),
        }
    }
}

impl From<ising::Error> for Failure {
    fn from(error: ising::Error) -> Self {
        use ising::Error as E;
        let message = error.to_string();
        match error {
            E::Defect(what) => Self::Internal(what),
            E::File { .. } => Self::Files(format!("{message}; check the path")),
            E::Format { .. }
            | E::Parameter { .. }
            | E::Registry(_)
            | E::TooLarge { .. }
            | E::Unsuited { .. } => Self::Usage(message),
            _ => Self::Input(message),
        }
    }
}

impl From<registry::Error> for Failure {
    fn from(error: registry::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    /// For standard output only: files carry their name, see `output`.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Files(format!("standard output: {error}")),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("writing JSON: {error}"))
    }
}

impl From<clap::Error> for Failure {
    /// What clap says in paragraphs, in one line: the error, its tips, and where help is.
    fn from(error: clap::Error) -> Self {
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("Usage:")).collect();
        let lines = lines.join("; ").replace(":; ", ": ");
        let end = ["; For more information, try '--help'.", "."];
        let line = end.iter().fold(&*lines, |line, end| line.strip_suffix(end).unwrap_or(line));
        Self::Usage(format!("{line}; see --help"))
    }
}

#[cfg(test)]
mod tests {
    use super::{EXIT_CODES, Failure};

    #[test]
    fn every_code_is_documented() {
        let failures: [fn(String) -> Failure; 6] = [
            Failure::Verification,
            Failure::Usage,
            Failure::Input,
            Failure::Infeasible,
            Failure::Files,
            Failure::Internal,
        ];
        for failure in failures {
            let line = format!("\n  {:<3} ", failure(String::new()).code());
            assert!(EXIT_CODES.contains(&line), "{line}");
        }
    }

    #[test]
    fn a_defect_of_a_solver_is_not_the_users_error() {
        let code = |error| Failure::from(error).code();
        assert_eq!(code(spinroute::Error::Defect("flow ended nowhere".into())), 70);
        assert_eq!(code(spinroute::Error::Unsupported("too large".into())), 2);
    }

    #[test]
    fn what_a_solver_or_minimiser_got_wrong_is_not_the_users_error() {
        use spinroute::ising::Error as Q;
        use spinroute::{Deficiency, Demand, Error, Instance, Shortfall, Violation};
        let scores = ndarray::array![[0.5f32, 0.25], [0.5, 0.25]];
        let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1)).unwrap();
        let code = |error| Failure::of_solver("mine", error, &instance).code();
        let sets = Deficiency {
            short: Shortfall::Room,
            tokens: vec![0],
            experts: vec![],
            groups: vec![],
            need: 1,
            supply: 0,
        };
        for ours in [
            Error::Defect("ended nowhere".into()),
            Error::Violation(Violation::Repeated { token: 0, expert: 1 }),
            Error::Prices { experts: 2, got: 2, bad: Some(0) },
            Error::Empty { tokens: 0, experts: 2 },
            Error::Deficient(Box::new(sets)),
        ] {
            assert_eq!(code(ours.clone()), 70, "{ours}");
        }
        assert_eq!(code(Error::Unsupported("too large".into())), 2);
        let code = |error| Failure::of_minimiser("mine", error).code();
        for ours in [
            Q::Length { what: "a state", want: 2, got: 1 },
            Q::Variable { variable: 2, variables: 2 },
            Q::Defect("no state".into()),
        ] {
            assert_eq!(code(ours.clone()), 70, "{ours}");
        }
        assert_eq!(code(Q::TooLarge { variables: 99, most: 40, what: "exhaustive search" }), 2);
    }

    #[test]
    fn a_time_step_that_does_not_suit_the_model_is_the_users() {
        let (time_step, coupling, limit) = (1.25, 0.5, 1.0);
        let error = spinroute::bifurcation::Error::Unstable { time_step, coupling, limit };
        let failure = Failure::of_minimiser("sb", error.into());
        let Failure::Usage(message) = failure else { panic!("no usage error") };
        let expected = "a time step of 1.25 is unstable with coupling 0.500000: it is below 1.000000, \
                        or null for one that fits";
        assert_eq!(message, expected);
    }
}
