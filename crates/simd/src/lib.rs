//! One way to compile a loop for several processors, and to choose a copy at run time.
//!
//! A loop is written once, in plain Rust, as [`Work`]. [`widest()`] holds a copy of it for each
//! [`Width`] and runs the widest that the processor has. Nothing is reordered, and fused operations are
//! written as such, so every copy gives the same bits: the portable one is the definition, and
//! `at_most` (with the feature `limit`) lets a test compare the others with it.
//!
//! Which features a copy is compiled for, and the choice, are here and nowhere else; it costs a load
//! and a branch a call, so a call is worth at least some tens of elements.
//!
//! ```
//! use spinroute_simd::{Work, widest};
//!
//! /// `y[i] += a · x[i]`, fused.
//! struct Axpy<'a> {
//!     a: f32,
//!     x: &'a [f32],
//!     y: &'a mut [f32],
//! }
//!
//! impl Work for Axpy<'_> {
//!     type Out = ();
//!
//!     #[inline(always)]
//!     fn run(self) {
//!         for (y, x) in self.y.iter_mut().zip(self.x) {
//!             *y = self.a.mul_add(*x, *y);
//!         }
//!     }
//! }
//!
//! let mut y = [1.0, 2.0];
//! widest(Axpy { a: 2.0, x: &[3.0, 4.0], y: &mut y });
//! assert_eq!(y, [7.0, 10.0]);
//! ```
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU8, Ordering};

/// A loop over arrays; `run` is `#[inline(always)]`, or its copies are worth nothing.
///
/// Slices that are fields may overlap as far as the compiler knows. Where that keeps it from vectorising,
/// `run` hands them to a function that is `#[inline(always)]`, too, whose parameters do not.
///
/// ```
/// use spinroute_simd::{Work, widest};
///
/// struct Sum<'a>(&'a [u32]);
///
/// impl Work for Sum<'_> {
///     type Out = u32;
///
///     #[inline(always)]
///     fn run(self) -> u32 {
///         self.0.iter().sum()
///     }
/// }
///
/// assert_eq!(widest(Sum(&[1, 2, 3])), 6);
/// ```
pub trait Work {
    /// What it returns.
    type Out;

    /// Does it.
    fn run(self) -> Self::Out;
}

/// What a copy is compiled for, from narrow to wide.
///
/// ```
/// use spinroute_simd::Width;
///
/// assert!(Width::Portable < Width::Avx512);
/// println!("loops run in their {:?} copies here", Width::here());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// Any processor: the definition.
    Portable,
    /// x86-64 with AVX2 and FMA: 256 bits.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL: 512 bits.
    Avx512,
}

impl Width {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The widest that the processor has.
    #[must_use]
    #[inline]
    pub fn here() -> Self {
        match FOUND.load(Ordering::Relaxed) {
            3 => Self::Avx512,
            2 => Self::Avx2,
            1 => Self::Portable,
            _ => Self::find(),
        }
    }

    /// The widest that this thread runs: [`Width::here`], unless a limit of tests says less.
    #[must_use]
    #[inline]
    pub fn allowed() -> Self {
        let width = Self::here();
        #[cfg(feature = "limit")]
        let width = width.min(LIMIT.get());
        width
    }

    /// Asks the processor, and keeps the answer.
    #[cold]
    fn find() -> Self {
        let width = Self::detected();
        FOUND.store(width as u8 + 1, Ordering::Relaxed);
        width
    }

    fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") {
                let wide = has!("avx512f") && has!("avx512dq") && has!("avx512vl");
                return if wide && has!("avx512bw") { Self::Avx512 } else { Self::Avx2 };
            }
        }
        Self::Portable
    }
}

/// What [`Width::here`] found, plus 1; 0 before. Every thread would find the same.
static FOUND: AtomicU8 = AtomicU8::new(0);

/// Runs the widest compiled copy of the loop that the processor has.
#[inline]
pub fn widest<W: Work>(work: W) -> W::Out {
    let width = Width::allowed();
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
        fn avx512<W: Work>(work: W) -> W::Out {
            work.run()
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<W: Work>(work: W) -> W::Out {
            work.run()
        }
        match width {
            // SAFETY: the processor has what the copy is compiled for; a limit only makes it narrower.
            Width::Avx512 => return unsafe { avx512(work) },
            // SAFETY: the same.
            Width::Avx2 => return unsafe { avx2(work) },
            Width::Portable => {}
        }
    }
    let _ = width;
    work.run()
}

/// Defines a function whose body is compiled as [`Work`] is, without the ceremony.
///
/// Its references have the lifetime `'a`, and it may have one type parameter. The arguments reach the
/// body as arguments, so that the compiler knows that they do not overlap.
///
/// ```
/// spinroute_simd::widest! {
///     /// `most[i] = max(most[i], row[i])`.
///     fn raise(most: &'a mut [f32], row: &'a [f32]) {
///         for (most, &value) in most.iter_mut().zip(row) {
///             *most = if value > *most { value } else { *most };
///         }
///     }
/// }
///
/// let mut most = [1.0, 2.0];
/// raise(&mut most, &[3.0, 0.0]);
/// assert_eq!(most, [3.0, 2.0]);
/// ```
#[macro_export]
macro_rules! widest {
    ($(
        $(#[$attr:meta])*
        $vis:vis fn $name:ident $(<$t:ident: $bound:path>)? ($($arg:ident: $type:ty),* $(,)?)
        $(-> $out:ty)? $body:block
    )*) => {$(
        $(#[$attr])*
        $vis fn $name<'a $(, $t: $bound)?>($($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            #[allow(clippy::inline_always)] // its copies are worth nothing otherwise
            fn body<'a $(, $t: $bound)?>($($arg: $type),*) $(-> $out)? $body
            // The copies take the arguments as they are: behind a pointer to a `Work` they would cost a
            // pass over 64 numbers a good part of its time.
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
                fn avx512<'a $(, $t: $bound)?>($($arg: $type),*) $(-> $out)? {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<'a $(, $t: $bound)?>($($arg: $type),*) $(-> $out)? {
                    body($($arg),*)
                }
                match $crate::Width::allowed() {
                    // SAFETY: the processor has what the copy is compiled for; a limit only makes it
                    // narrower.
                    $crate::Width::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: the same.
                    $crate::Width::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::Width::Portable => {}
                }
            }
            body($($arg),*)
        }
    )*};
}

#[cfg(feature = "limit")]
std::thread_local! {
    /// No copy that is wider is run by this thread.
    static LIMIT: std::cell::Cell<Width> = const { std::cell::Cell::new(Width::Avx512) };
}

/// Runs `task` with no copy wider than `width` in this thread (other threads keep theirs): what a test
/// compares copies with. It is there with the feature `limit`, which costs a load a call.
///
/// ```
/// use spinroute_simd::{Width, at_most};
///
/// assert_eq!(at_most(Width::Portable, || 1 + 1), 2);
/// ```
#[cfg(feature = "limit")]
pub fn at_most<T>(width: Width, task: impl FnOnce() -> T) -> T {
    /// Lifts the limit again, after a panic too.
    struct Lifted(Width);
    impl Drop for Lifted {
        fn drop(&mut self) {
            LIMIT.set(self.0);
        }
    }
    let _lifted = Lifted(LIMIT.replace(width));
    task()
}

#[cfg(all(test, feature = "limit"))]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_within_its_task_alone() {
        let before = LIMIT.get();
        at_most(Width::Portable, || {
            assert_eq!(LIMIT.get(), Width::Portable);
            at_most(Width::Avx2, || assert_eq!(LIMIT.get(), Width::Avx2));
            assert_eq!(LIMIT.get(), Width::Portable);
        });
        assert_eq!(LIMIT.get(), before);
        assert!(std::panic::catch_unwind(|| at_most(Width::Portable, || panic!("no"))).is_err());
        assert_eq!(LIMIT.get(), before);
    }
}
