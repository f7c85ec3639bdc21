//! Steps along loads: subgradients of the dual, and Polyak's length.
//!
//! `g[e] = load[e] − c[e]` of what is taken at prices `p` is a direction of descent's opposite: the dual
//! falls, if anywhere near, where crowded experts get dearer. A price of 0 does not fall, so such a part of `g`
//! is none. With a lower bound on the dual, the goal, the step of length
//!
//! ```text
//! p ← max(0, p + rate · (D(p) − goal) / |g|² · g)
//! ```
//!
//! comes nearer to every optimum (B. T. Polyak, *USSR Comput. Math. Math. Phys.* 9 (1969) 14; Held, Wolfe,
//! Crowder 1974).

/// Takes out of `excess`, loads minus capacities, what a price of 0 cannot follow.
///
/// ```
/// let mut excess = [2.0, -1.0, -3.0];
/// spinroute_prices::subgradient::project(&mut excess, [0.0, 0.5, 0.0]);
/// assert_eq!(excess, [2.0, -1.0, 0.0]);
/// ```
pub fn project(excess: &mut [f64], prices: impl IntoIterator<Item = f64>) {
    for (excess, price) in excess.iter_mut().zip(prices) {
        if *excess < 0.0 && price == 0.0 {
            *excess = 0.0;
        }
    }
}

/// The length of Polyak's step along a projected `excess`, for a dual that is `gap` above its goal; none
/// where that is no step.
///
/// ```
/// use spinroute_prices::subgradient::polyak;
///
/// assert_eq!(polyak(&[1.0, -1.0], 1.0, 0.5), Some(0.25));
/// assert_eq!(polyak(&[0.0, 0.0], 1.0, 0.5), None); // an optimum
/// assert_eq!(polyak(&[1.0, 0.0], 1.0, 0.0), None); // at the goal
/// ```
#[must_use]
pub fn polyak(excess: &[f64], rate: f64, gap: f64) -> Option<f64> {
    let square: f64 = excess.iter().map(|g| g * g).sum();
    let length = rate * gap / square;
    (length > 0.0 && length.is_finite()).then_some(length)
}
