//! What is not of the model's size, or no state, is refused and never cut to fit.

use ndarray::array;
use spinroute_ising::{Graph, Ising, Qubo, Sparse};

/// What a function that returns a number makes of what is none of its states.
fn panics<T>(call: impl FnOnce() -> T) {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    assert!(result.is_err(), "no panic");
}

#[test]
fn energies_are_of_states_only() {
    let couplings = || Sparse::from_triplets(3, [(0, 1, 1.0), (1, 2, -1.0)]).expect("three");
    let ising = Ising::new(vec![1.0; 3], couplings(), 0.0).expect("three");
    let qubo = Qubo::new(vec![1.0; 3], couplings(), 0.0).expect("three");
    assert_eq!((ising.energy(&[1, -1, 1]), qubo.energy(&[1, 0, 1])), (1.0, 2.0));
    for state in [&[1, 0, 1][..], &[7, 1, 1], &[1, 1], &[1, 1, 1, 1]] {
        panics(|| ising.energy(state));
    }
    for state in [&[1, -1, 1][..], &[7, 1, 1], &[1, 1], &[1, 1, 1, 1]] {
        panics(|| qubo.energy(state));
    }
    panics(|| ising.energies(&[1, 1, 1, 1]));
    panics(|| ising.energies(&[0; 24]));
    panics(|| ising.change(&[0, 1, 1], 0));
    panics(|| qubo.change(&[-1, 1, 1], 0));
    let lifted = spinroute_ising::presolve::presolve(&ising).expect("finite");
    panics(|| lifted.lift(&vec![0; lifted.kernel().variables() + 1]));
    let edge = spinroute_ising::Edge { from: 0, to: 1, weight: 1.0 };
    let graph = Graph::new(2, vec![edge]).expect("two nodes");
    assert_eq!((graph.cut(&[1, -1]), graph.cut(&[0, 1])), (Some(1.0), Some(1.0)));
    for state in [&[1][..], &[1, -1, 1], &[7, -5], &[0, -1], &[2, 2]] {
        assert_eq!(graph.cut(state), None, "{state:?}");
    }
}

#[test]
fn slices_of_couplings_have_one_entry_a_variable() {
    use spinroute_ising::{Block, Couplings, Dense, Structured};
    fn refuse(couplings: &impl Couplings) {
        for length in [1, 3] {
            panics(|| couplings.energy(&vec![1.0; length]));
            panics(|| couplings.energies(&vec![[1.0; 8]; length]));
            panics(|| couplings.fields(&vec![1; length]));
            panics(|| couplings.product(&vec![1.0; length], &mut [0.0; 2]));
            panics(|| couplings.product(&[1.0; 2], &mut vec![0.0; length]));
        }
    }
    let sparse = Sparse::from_triplets(2, [(0, 1, 1.0)]).expect("a pair");
    let block = Block { weight: 0.5, members: vec![(0, 1.0), (1, 1.0)] };
    let structured = Structured::new(2, &[], &[block], None).expect("a block");
    refuse(&Dense::new(array![[0.0, 1.0], [1.0, 0.0]]).expect("symmetric"));
    refuse(&sparse);
    refuse(&structured);
}
