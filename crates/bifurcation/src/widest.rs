//! Inner loops: written once in plain Rust, compiled for several processors.
//!
//! Nothing is reordered and fused operations are written as such, so every copy gives the same bits.
#![allow(unsafe_code)]

/// A loop over arrays; `run` is `#[inline(always)]`, or its copies are worth nothing.
pub(crate) trait Work {
    /// What it returns.
    type Out;

    /// Does it.
    fn run(self) -> Self::Out;
}

/// Runs the widest compiled copy of the loop that the processor has.
pub(crate) fn widest<W: Work>(work: W) -> W::Out {
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
        if has_avx512() {
            // SAFETY: the processor has what the copy is compiled for.
            return unsafe { avx512(work) };
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            // SAFETY: the processor has what the copy is compiled for.
            return unsafe { avx2(work) };
        }
    }
    work.run()
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512vl")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma")
}
