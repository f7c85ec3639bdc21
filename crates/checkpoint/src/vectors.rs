//! Assignments and prices.

use spinroute_core::Assignment;

use crate::array::{Kind, RawArray};
use crate::{Error, File, tensors};

fn open(file: &File, dimensions: usize, floats: bool) -> Result<RawArray<'_>, Error> {
    tensors::open(file, None, None, |kind: Kind, shape: &[usize]| {
        kind.is_float() == floats && shape.len() == dimensions
    })
}

/// Reads an assignment: a `tokens × k` table of whole numbers, where 4294967295 or -1 stands for an
/// empty slot. Experts out of range are left for [`spinroute_core::Instance::objective`] to name.
///
/// # Errors
/// If the file is malformed, or a value is no expert number at all.
pub fn read_assignment(file: &File) -> Result<Assignment, Error> {
    let array = open(file, 2, false)?;
    array.want_integers()?;
    let (tokens, k) = array.want_table("tokens", "slots")?;
    let mut slots = Vec::with_capacity(tokens * k);
    for t in 0..tokens {
        for slot in 0..k {
            let position = array.position(&[t, slot]);
            let value = array.integer(position).unwrap_or(-1);
            let expert = if value == -1 { Ok(Assignment::EMPTY) } else { u32::try_from(value) };
            slots.push(expert.map_err(|_| Error::Value {
                place: format!(
                    "{}, token {t}, slot {slot} (byte {})",
                    array.place,
                    array.byte(position)
                ),
                value: format!("{value} is no expert"),
                mend: "experts count from 0; 4294967295 or -1 marks an empty slot".into(),
            })?);
        }
    }
    Ok(Assignment::from_slots(k, slots))
}

/// Reads expert prices: a list of floats, one an expert. Whether they are usable as prices is for
/// [`spinroute_core::Certificate`] to say.
///
/// # Errors
/// If the file is malformed or not a list of floats.
pub fn read_prices(file: &File) -> Result<Vec<f64>, Error> {
    let array = open(file, 1, true)?;
    array.want_floats()?;
    let experts = array.want_list("one price an expert")?;
    Ok((0..experts).map(|e| array.float(e)).collect())
}
