//! Instances with the answers of flow in a file, for a program that shares nothing with this one.
//!
//! Little-endian. Eight bytes `SPINFUZ1`, then a record after the other:
//!
//! ```text
//! u32  bytes in the record after this number
//! u32  tokens T, experts E, k, flags: 1 exactly k, 2 scores in f64, 4 solved
//! u32  [E] capacity
//! f32 or f64  [T, E] scores, -inf forbids a pair
//! solved:      u32 [T, k] experts, 4294967295 = empty;  f64 [E] prices;  f64 objective;  f64 bound
//! not solved:  u32 n, u32 m;  u32 [n] tokens, u32 [m] experts of a deficiency
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use spinroute::{Certificate, Error, Instance};

use crate::judge::Answer;

pub(crate) struct Dump(BufWriter<File>);

impl Dump {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        out.write_all(b"SPINFUZ1")?;
        Ok(Self(out))
    }

    pub(crate) fn add(&mut self, instance: &Instance, answer: &Answer) -> io::Result<()> {
        // The format knows one k and one capacity an expert.
        if !instance.features().is_empty() || instance.groups().is_some() {
            return Ok(());
        }
        let (wide, solved) = (instance.wide(), answer.is_ok());
        let flags = u32::from(instance.demand().is_exact())
            | u32::from(wide.is_some()) << 1
            | u32::from(solved) << 2;
        let sizes = [instance.tokens(), instance.experts(), instance.demand().k()];
        let mut record = Vec::new();
        whole(&mut record, sizes.map(|size| size as u32));
        whole(&mut record, [flags]);
        whole(&mut record, instance.capacity().iter().copied());
        match wide {
            Some(wide) => double(&mut record, wide.iter().copied()),
            None => instance.flat().iter().for_each(|s| record.extend(s.to_le_bytes())),
        }
        match answer {
            Ok(solution) => {
                let prices = solution.prices.clone().unwrap_or_default();
                let bound = Certificate::new(instance, prices.clone()).map(|it| it.bound());
                let objective = instance.objective(&solution.assignment);
                whole(&mut record, solution.assignment.slots().iter().copied());
                double(&mut record, prices);
                double(&mut record, [objective.unwrap_or(f64::NAN), bound.unwrap_or(f64::NAN)]);
            }
            Err(Error::Deficient(proof)) => {
                whole(&mut record, [proof.tokens.len() as u32, proof.experts.len() as u32]);
                whole(&mut record, proof.tokens.iter().chain(&proof.experts).copied());
            }
            Err(_) => return Ok(()),
        }
        self.0.write_all(&(record.len() as u32).to_le_bytes())?;
        self.0.write_all(&record)
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn whole(record: &mut Vec<u8>, values: impl IntoIterator<Item = u32>) {
    values.into_iter().for_each(|value| record.extend(value.to_le_bytes()));
}

fn double(record: &mut Vec<u8>, values: impl IntoIterator<Item = f64>) {
    values.into_iter().for_each(|value| record.extend(value.to_le_bytes()));
}
