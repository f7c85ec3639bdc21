//! The models: dense, sparse and structured couplings of several sizes, published graphs, odd ones.

use ndarray::Array2;

use crate::book::Book;
use crate::digest::Digest;
use crate::house::{
    AnyCouplings, Block, Couplings, Dense, Draws, Grid, Ising, Line, Qubo, Sparse, Structured,
    instances,
};

/// A model with its place in the files.
pub(crate) struct Named {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) model: Ising,
}

/// What coefficients are drawn from.
#[derive(Clone, Copy)]
enum Unit {
    /// Whole numbers from −3 to 3.
    Whole,
    /// Standard normal.
    Normal,
    /// Tenths from −0.4 to 0.4, whose sums round.
    Tenths,
}

impl Unit {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Whole, "whole"), (Self::Normal, "normal"), (Self::Tenths, "tenths")];

    fn draw(self, draws: &mut Draws) -> f64 {
        match self {
            Self::Whole => draws.below(7) as f64 - 3.0,
            Self::Normal => draws.normal(),
            Self::Tenths => (draws.below(9) as f64 - 4.0) / 10.0,
        }
    }
}

/// All models, in the order of the files.
pub(crate) fn all() -> Vec<Named> {
    let mut all = Vec::new();
    for (number, &size) in [2, 5, 9, 14, 30, 65, 130, 410].iter().enumerate() {
        for (unit, word) in Unit::ALL {
            let mut draws = Draws::new(0x0de1 + number as u64);
            let dense = dense(size, unit, &mut draws);
            let sparse = sparse(size, unit, &mut draws);
            let structured = structured(size, unit, &mut draws);
            let forms =
                [("dense", dense), ("sparse", sparse), ("structured", structured)].into_iter();
            all.extend(forms.map(|(group, couplings)| {
                let field = match number % 3 {
                    // Couplings alone: every state has a twin.
                    1 => vec![0.0; size],
                    _ => (0..size).map(|_| unit.draw(&mut draws)).collect(),
                };
                let model = Ising::new(field, couplings, 0.25).unwrap();
                Named { group, name: format!("{group}-{word}-{size}"), model }
            }));
        }
    }
    all.extend(odd());
    all.extend(["G11", "G14", "G1"].map(|name| {
        let model = instances::find(name).unwrap().graph().unwrap().ising().unwrap();
        Named { group: "published", name: name.into(), model }
    }));
    all
}

/// Nothing to decide, one thing, and parts that know nothing of each other.
fn odd() -> Vec<Named> {
    let named = |name: &str, model| Named { group: "odd", name: name.into(), model };
    let mut draws = Draws::new(0x0dd);
    let pairs = (0..30).map(|i| (2 * i, 2 * i + 1, draws.normal()));
    let pairs = Sparse::from_triplets(60, pairs).unwrap();
    let tree = (1..90).map(|i| (i, draws.below(i as usize) as u32, draws.normal()));
    let tree = Sparse::from_triplets(90, tree.collect::<Vec<_>>()).unwrap();
    let field: Vec<f64> = (0..90).map(|_| draws.normal()).collect();
    vec![
        named("empty", Ising::new(Vec::new(), Sparse::none(0), 1.5).unwrap()),
        named("one", Ising::new(vec![-0.5], Sparse::none(1), 0.0).unwrap()),
        named("still", Ising::new(vec![0.0; 7], Sparse::none(7), 0.0).unwrap()),
        named("pairs", Ising::new(vec![0.1; 60], pairs, 0.0).unwrap()),
        named("tree", Ising::new(field, tree, -2.0).unwrap()),
    ]
}

fn dense(size: usize, unit: Unit, draws: &mut Draws) -> AnyCouplings {
    let mut matrix = Array2::zeros((size, size));
    for i in 0..size {
        for j in 0..i {
            let value = unit.draw(draws);
            (matrix[[i, j]], matrix[[j, i]]) = (value, value);
        }
    }
    Dense::new(matrix).unwrap().into()
}

/// A ring, and about twice as many further pairs.
fn sparse(size: usize, unit: Unit, draws: &mut Draws) -> AnyCouplings {
    let ring = (1..size).map(|i| (i as u32 - 1, i as u32));
    let mut pairs: Vec<(u32, u32)> = ring.collect();
    for _ in 0..2 * size {
        let [i, j] = [(); 2].map(|()| draws.below(size) as u32);
        if i != j {
            pairs.push((i, j));
        }
    }
    let triplets: Vec<(u32, u32, f64)> =
        pairs.into_iter().map(|(i, j)| (i, j, unit.draw(draws))).collect();
    Sparse::from_triplets(size, triplets).unwrap().into()
}

/// A grid, in which more than one variable may be in a line, a listed block and a few pairs besides.
fn structured(size: usize, unit: Unit, draws: &mut Draws) -> AnyCouplings {
    let columns = if size < 10 { 2 } else { 5 };
    let rows = size / columns;
    let [row_weights, column_weights] =
        [rows, columns].map(|count| (0..count).map(|_| unit.draw(draws)).collect());
    let start = size - rows * columns;
    let further = (0..start as u32).map(|i| (Line::Column(i as usize % columns), i, 1.5));
    let further = further.collect();
    let grid = Grid { start, rows, columns, row_weights, column_weights, further };
    let members = (0..size as u32).step_by(3).map(|i| (i, unit.draw(draws))).collect();
    let block = Block { weight: 0.5, members };
    let rest = (1..size as u32).step_by(4).map(|i| (i - 1, i, unit.draw(draws)));
    let rest = Sparse::from_triplets(size, rest.collect::<Vec<_>>()).unwrap();
    Structured::new(size, &[grid], &[block], Some(rest)).unwrap().into()
}

/// Writes the inputs down.
pub(crate) fn record(models: &[Named], book: &mut Book) {
    for named in models {
        book.add_input(named.group, &named.name, ising(&named.model));
    }
}

/// A model by every number that is stored.
pub(crate) fn ising(model: &Ising) -> Digest {
    couplings(Digest::default().reals(model.field()).real(model.offset()), model.couplings())
}

/// As [`ising`].
pub(crate) fn qubo(model: &Qubo) -> Digest {
    couplings(Digest::default().reals(model.linear()).real(model.offset()), model.couplings())
}

fn couplings(digest: Digest, couplings: &AnyCouplings) -> Digest {
    match couplings {
        AnyCouplings::Dense(dense) => digest.text("dense").reals(dense.matrix().iter()),
        AnyCouplings::Sparse(sparse) => pairs(digest.text("sparse"), sparse),
        AnyCouplings::Structured(blocks) => {
            let mut digest = digest.text("structured").reals(blocks.weights());
            for place in blocks.grids() {
                let numbers = [place.start, place.rows, place.columns, place.sum];
                digest = digest.wholes(numbers.map(|number| number as u64));
            }
            for block in 0..blocks.weights().len() {
                let members = blocks.listed(block);
                digest = digest.wholes(members.iter().map(|member| member.0));
                digest = digest.reals(members.iter().map(|member| &member.1));
            }
            pairs(digest, blocks.remainder())
        }
    }
}

fn pairs(digest: Digest, sparse: &Sparse) -> Digest {
    let digest = digest.whole(sparse.variables() as u64);
    sparse.pairs().fold(digest, |digest, (i, j, value)| {
        digest.whole(u64::from(i)).whole(u64::from(j)).real(value)
    })
}
