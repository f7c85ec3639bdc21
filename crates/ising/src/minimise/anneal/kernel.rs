//! The forms of the inner loop: what is kept of a state, and what a flip does to it.
//!
//! Integer forms are exact, and look up `exp(−β ΔE)` in a table of all rises that have a chance.
//! `f32` fields decide what is accepted only: energies are recomputed from the states in `f64`.
#![allow(clippy::inline_always)] // parts of the inner loop, in every compiled copy of it

use std::ops::Add;

use crate::SplitMix64;
use crate::couplings::StructuredFields;
use crate::integers::CommonUnit;
use crate::{Couplings, Dense, Ising, Sparse, Structured};

/// Which rises are accepted.
pub(super) trait Rule<R>: Sync {
    /// For steps of `unit` in the rise, none larger than `largest`, at inverse temperature `beta`.
    fn new(unit: f64, largest: f64, beta: f64) -> Self;

    /// Draws from the stream only where chance decides.
    fn accepts(&self, rise: R, stream: &mut SplitMix64) -> bool;
}

/// A form of the inner loop.
pub(super) trait Kernel: Sync {
    /// What is kept between flips.
    type Kept: Send;
    /// Half of the energy that a flip adds, `−s[i] f[i]` with the local field `f[i]`, in units.
    type Rise: Copy;
    /// A sum of rises.
    type Sum: Default + Copy + Add<Output = Self::Sum> + From<Self::Rise>;
    /// Which flips are accepted.
    type Rule: Rule<Self::Rise>;
    /// Whether what is kept never drifts.
    const EXACT: bool;

    /// What is kept of a state.
    fn keep(&self, spins: &[i8]) -> Self::Kept;

    /// The rise of flipping spin `i`.
    fn rise(&self, kept: &Self::Kept, spins: &[i8], i: usize) -> Self::Rise;

    /// Flips spin `i`.
    fn flip(&self, kept: &mut Self::Kept, spins: &mut [i8], i: usize);

    /// Whether a rise lowers the energy beyond doubt, however the fields were rounded.
    fn falls(&self, rise: Self::Rise) -> bool;

    /// The rule at inverse temperature `beta`.
    fn rule(&self, beta: f64) -> Self::Rule;

    /// The energy of a sum of rises.
    fn energy(&self, rises: Self::Sum) -> f64;
}

/// Rounding of `f64` fields that is possible, as a part of the largest field.
const DOUBT_F64: f64 = 1.0 / (1_u64 << 40) as f64;

/// Rounding of `f32` fields that is possible, as a part of the largest field.
const DOUBT_F32: f64 = 1.0 / (1_u64 << 20) as f64;

/// Rises beyond this times the temperature are hopeless: `exp(−22.2) < 2⁻³²`.
const HOPELESS: f64 = 22.2;

/// For integers: `odds[rise]` of 2³².
pub(super) struct Table {
    odds: Vec<u32>,
}

impl Rule<i32> for Table {
    fn new(unit: f64, largest: f64, beta: f64) -> Self {
        let step = 2.0 * unit * beta;
        let rises = (HOPELESS / step).min(largest) as usize + 1;
        let odds = |rise| (libm::exp(-step * rise as f64) * f64::from(u32::MAX)) as u32;
        Self { odds: (0..rises).map(odds).collect() }
    }

    #[inline(always)]
    fn accepts(&self, rise: i32, stream: &mut SplitMix64) -> bool {
        let rise = rise.max(0) as usize;
        rise < self.odds.len() && (rise == 0 || (stream.bits() >> 32) as u32 <= self.odds[rise])
    }
}

/// For reals.
pub(super) struct Exponential {
    step: f64,
}

impl Rule<f64> for Exponential {
    fn new(unit: f64, _largest: f64, beta: f64) -> Self {
        Self { step: 2.0 * unit * beta }
    }

    #[inline(always)]
    fn accepts(&self, rise: f64, stream: &mut SplitMix64) -> bool {
        let rise = rise * self.step;
        if rise <= 0.0 {
            return true;
        }
        let odds = f64::powi(2.0, -53);
        rise < HOPELESS && (stream.bits() >> 11) as f64 * odds < libm::exp(-rise)
    }
}

/// The largest `|h[i]| + Σ_j |J[i,j]|`.
fn largest_field(model: &Ising) -> f64 {
    let magnitudes = model.couplings().magnitudes();
    let fields = model.field().iter().zip(&magnitudes).map(|(h, m)| h.abs() + m.sum);
    fields.fold(0.0, f64::max)
}

/// The local fields `h[i] + Σ_j J[i,j] s[j]` of a state.
fn local_fields(model: &Ising, spins: &[i8]) -> Vec<f64> {
    let spins = crate::couplings::reals(spins);
    let mut fields = vec![0.0; spins.len()];
    model.couplings().product(&spins, &mut fields);
    fields.iter_mut().zip(model.field()).for_each(|(field, h)| *field += h);
    fields
}

/// Integer couplings of a byte, all of them.
pub(super) struct Bytes<'a> {
    model: &'a Ising,
    units: CommonUnit,
    rows: Vec<i8>,
}

impl Kernel for Bytes<'_> {
    type Kept = Vec<i16>;
    type Rise = i32;
    type Sum = i64;
    type Rule = Table;
    const EXACT: bool = true;

    fn keep(&self, spins: &[i8]) -> Vec<i16> {
        let fields = local_fields(self.model, spins);
        fields.into_iter().map(|field| self.units.integer(field) as i16).collect()
    }

    #[inline(always)]
    fn rise(&self, kept: &Vec<i16>, spins: &[i8], i: usize) -> i32 {
        -i32::from(spins[i]) * i32::from(kept[i])
    }

    #[inline(always)]
    fn flip(&self, kept: &mut Vec<i16>, spins: &mut [i8], i: usize) {
        let n = spins.len();
        let row = &self.rows[i * n..(i + 1) * n];
        spins[i] = -spins[i];
        if spins[i] > 0 {
            kept.iter_mut().zip(row).for_each(|(field, &j)| *field += 2 * i16::from(j));
        } else {
            kept.iter_mut().zip(row).for_each(|(field, &j)| *field -= 2 * i16::from(j));
        }
    }

    #[inline(always)]
    fn falls(&self, rise: i32) -> bool {
        rise < 0
    }

    fn rule(&self, beta: f64) -> Table {
        Table::new(self.units.unit, self.units.field, beta)
    }

    fn energy(&self, rises: i64) -> f64 {
        2.0 * self.units.unit * rises as f64
    }
}

/// The neighbours of every spin.
pub(super) struct Graph<'a, W> {
    model: &'a Ising,
    unit: f64,
    largest: f64,
    offsets: &'a [usize],
    columns: &'a [u32],
    neighbours: Vec<(u32, W)>,
}

impl<'a, W> Graph<'a, W> {
    pub(super) fn new(
        model: &'a Ising,
        sparse: &'a Sparse,
        units: CommonUnit,
        weight: impl Fn(f64) -> W,
    ) -> Self {
        let weights = sparse.values().iter().map(|&value| weight(value));
        let neighbours = sparse.columns().iter().copied().zip(weights).collect();
        let (unit, largest) = (units.unit, units.field);
        let (offsets, columns) = (sparse.offsets(), sparse.columns());
        Self { model, unit, largest, offsets, columns, neighbours }
    }

    /// What a rise of 1 is in energy, halved.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    #[inline(always)]
    pub(super) fn row(&self, i: usize) -> &[(u32, W)] {
        &self.neighbours[self.offsets[i]..self.offsets[i + 1]]
    }
}

impl Graph<'_, i32> {
    /// The coupling of all pairs, where it is the same.
    pub(super) fn equal(&self) -> Option<i32> {
        let first = self.neighbours.first()?.1;
        self.neighbours.iter().all(|pair| pair.1 == first).then_some(first)
    }

    /// The neighbours of `i` alone.
    #[inline(always)]
    pub(super) fn columns(&self, i: usize) -> &[u32] {
        &self.columns[self.offsets[i]..self.offsets[i + 1]]
    }
}

impl Kernel for Graph<'_, i32> {
    type Kept = Vec<i32>;
    type Rise = i32;
    type Sum = i64;
    type Rule = Table;
    const EXACT: bool = true;

    fn keep(&self, spins: &[i8]) -> Vec<i32> {
        local_fields(self.model, spins).into_iter().map(|f| (f / self.unit) as i32).collect()
    }

    #[inline(always)]
    fn rise(&self, kept: &Vec<i32>, spins: &[i8], i: usize) -> i32 {
        -i32::from(spins[i]) * kept[i]
    }

    #[inline(always)]
    fn flip(&self, kept: &mut Vec<i32>, spins: &mut [i8], i: usize) {
        spins[i] = -spins[i];
        let twice = 2 * i32::from(spins[i]);
        for &(j, coupling) in self.row(i) {
            kept[j as usize] += twice * coupling;
        }
    }

    #[inline(always)]
    fn falls(&self, rise: i32) -> bool {
        rise < 0
    }

    fn rule(&self, beta: f64) -> Table {
        Table::new(self.unit, self.largest, beta)
    }

    fn energy(&self, rises: i64) -> f64 {
        2.0 * self.unit * rises as f64
    }
}

impl Kernel for Graph<'_, f64> {
    type Kept = Vec<f64>;
    type Rise = f64;
    type Sum = f64;
    type Rule = Exponential;
    const EXACT: bool = false;

    fn keep(&self, spins: &[i8]) -> Vec<f64> {
        local_fields(self.model, spins)
    }

    #[inline(always)]
    fn rise(&self, kept: &Vec<f64>, spins: &[i8], i: usize) -> f64 {
        -f64::from(spins[i]) * kept[i]
    }

    #[inline(always)]
    fn flip(&self, kept: &mut Vec<f64>, spins: &mut [i8], i: usize) {
        spins[i] = -spins[i];
        let twice = 2.0 * f64::from(spins[i]);
        for &(j, coupling) in self.row(i) {
            kept[j as usize] += twice * coupling;
        }
    }

    #[inline(always)]
    fn falls(&self, rise: f64) -> bool {
        rise < -DOUBT_F64 * self.largest
    }

    fn rule(&self, beta: f64) -> Exponential {
        Exponential::new(self.unit, self.largest, beta)
    }

    fn energy(&self, rises: f64) -> f64 {
        2.0 * self.unit * rises
    }
}

/// Real couplings, all of them; `f32` of the largest, so that none overflows.
pub(super) struct Floats<'a> {
    model: &'a Ising,
    unit: f64,
    rows: Vec<f32>,
}

impl Kernel for Floats<'_> {
    type Kept = Vec<f32>;
    type Rise = f64;
    type Sum = f64;
    type Rule = Exponential;
    const EXACT: bool = false;

    fn keep(&self, spins: &[i8]) -> Vec<f32> {
        let fields = local_fields(self.model, spins);
        fields.into_iter().map(|field| (field / self.unit) as f32).collect()
    }

    #[inline(always)]
    fn rise(&self, kept: &Vec<f32>, spins: &[i8], i: usize) -> f64 {
        -f64::from(spins[i]) * f64::from(kept[i])
    }

    #[inline(always)]
    fn flip(&self, kept: &mut Vec<f32>, spins: &mut [i8], i: usize) {
        let n = spins.len();
        let row = &self.rows[i * n..(i + 1) * n];
        spins[i] = -spins[i];
        let twice = 2.0 * f32::from(spins[i]);
        kept.iter_mut().zip(row).for_each(|(field, &j)| *field += twice * j);
    }

    #[inline(always)]
    fn falls(&self, rise: f64) -> bool {
        rise < -DOUBT_F32
    }

    fn rule(&self, beta: f64) -> Exponential {
        Exponential::new(self.unit, 0.0, beta)
    }

    fn energy(&self, rises: f64) -> f64 {
        2.0 * self.unit * rises
    }
}

/// Structured couplings.
pub(super) struct Blocks<'a> {
    model: &'a Ising,
    largest: f64,
    couplings: &'a Structured,
}

impl Kernel for Blocks<'_> {
    type Kept = StructuredFields;
    type Rise = f64;
    type Sum = f64;
    type Rule = Exponential;
    const EXACT: bool = false;

    fn keep(&self, spins: &[i8]) -> StructuredFields {
        self.couplings.fields(spins)
    }

    #[inline(always)]
    fn rise(&self, kept: &StructuredFields, spins: &[i8], i: usize) -> f64 {
        let field = self.model.field()[i] + self.couplings.local(kept, spins, i);
        -f64::from(spins[i]) * field
    }

    #[inline(always)]
    fn flip(&self, kept: &mut StructuredFields, spins: &mut [i8], i: usize) {
        let from = spins[i];
        spins[i] = -from;
        self.couplings.change(kept, i, from, -from);
    }

    #[inline(always)]
    fn falls(&self, rise: f64) -> bool {
        rise < -DOUBT_F64 * self.largest
    }

    fn rule(&self, beta: f64) -> Exponential {
        Exponential::new(1.0, 0.0, beta)
    }

    fn energy(&self, rises: f64) -> f64 {
        2.0 * rises
    }
}

impl<'a> Blocks<'a> {
    pub(super) fn new(model: &'a Ising, couplings: &'a Structured) -> Self {
        Self { model, largest: largest_field(model), couplings }
    }
}

impl<'a> Graph<'a, f64> {
    pub(super) fn reals(model: &'a Ising, sparse: &'a Sparse) -> Self {
        let units = CommonUnit { unit: 1.0, field: largest_field(model), coupling: 0.0 };
        Self::new(model, sparse, units, |value| value)
    }
}

impl<'a> Bytes<'a> {
    pub(super) fn new(model: &'a Ising, units: CommonUnit) -> Self {
        let n = model.variables();
        let mut rows = vec![0; n * n];
        for (i, row) in rows.chunks_exact_mut(n.max(1)).enumerate() {
            let mut set = |j: usize, coupling| row[j] = units.integer(coupling) as i8;
            model.couplings().neighbours(i, &mut set);
        }
        Self { model, units, rows }
    }
}

impl<'a> Floats<'a> {
    pub(super) fn new(model: &'a Ising, dense: &Dense) -> Self {
        let largest = largest_field(model);
        let unit = if largest.is_normal() { largest } else { 1.0 };
        let rows = dense.matrix().iter().map(|&coupling| (coupling / unit) as f32).collect();
        Self { model, unit, rows }
    }
}
