//! The random numbers of the Stanford `GraphBase`: Knuth's portable subtractive generator.
//!
//! `a[n] = (a[n-24] - a[n-55]) mod 2³¹` (D. E. Knuth, *The Stanford `GraphBase`*, 1993, `GB_FLIP`; *The Art
//! of Computer Programming* 2, 3.2.2). Written from the recurrence and the description of its start:
//! 54 values are set by subtraction down from the seed, stirred by a shift register, and 275 numbers
//! are thrown away. The test values are those of the book.

/// The mask of the modulus 2³¹.
const MASK: u32 = 0x7fff_ffff;

/// The generator: the last 55 numbers, handed out from the end.
///
/// ```
/// use spinroute_ising::instances::Subtractive;
///
/// let mut generator = Subtractive::new(8_001);
/// let first = generator.draw();
/// assert_eq!(Subtractive::new(8_001).draw(), first);
/// assert!(generator.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct Subtractive {
    /// `values[0]` is not used, as in the book.
    values: [u32; 56],
    at: usize,
}

impl Subtractive {
    /// The sequence of a seed, of which 31 bits count.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut values = [0; 56];
        let mut before = seed & MASK;
        let mut register = before;
        let mut next = 1;
        values[55] = before;
        let mut place = 21;
        while place != 0 {
            values[place] = next;
            next = before.wrapping_sub(next) & MASK;
            let carry = if register & 1 == 1 { 0x4000_0000 } else { 0 };
            register = carry + (register >> 1);
            next = next.wrapping_sub(register) & MASK;
            before = values[place];
            place = (place + 21) % 55;
        }
        let mut generator = Self { values, at: 0 };
        for _ in 0..5 {
            generator.cycle();
        }
        // The last of the five cycles hands out its first number, unused.
        generator.at = 54;
        generator
    }

    /// Replaces all 55 numbers by the next ones.
    fn cycle(&mut self) {
        let values = &mut self.values;
        for i in 1..25 {
            values[i] = values[i].wrapping_sub(values[i + 31]) & MASK;
        }
        for i in 25..56 {
            values[i] = values[i].wrapping_sub(values[i - 24]) & MASK;
        }
    }

    /// The next number, from 0 to 2³¹ - 1.
    pub fn draw(&mut self) -> u32 {
        if self.at == 0 {
            self.cycle();
            self.at = 55;
        }
        self.at -= 1;
        self.values[self.at + 1]
    }

    /// A number below `limit` (from 1 to 2³¹), all equally likely: numbers beyond the largest multiple
    /// of the limit are drawn again.
    pub fn below(&mut self, limit: u32) -> u32 {
        let limit = limit.clamp(1, MASK + 1);
        let whole = (MASK + 1) - (MASK + 1) % limit;
        loop {
            let number = self.draw();
            if number < whole {
                return number % limit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Subtractive;

    #[test]
    fn the_values_of_the_book() {
        let mut generator = Subtractive::new((-314_159i32).cast_unsigned());
        assert_eq!(generator.draw(), 119_318_998);
        for _ in 0..133 {
            generator.draw();
        }
        assert_eq!(generator.below(0x5555_5555), 748_103_812);
    }

    #[test]
    fn limits_at_the_edges_of_their_range() {
        let mut generator = Subtractive::new(1);
        assert!((0..200).all(|_| generator.below(1) == 0 && generator.below(0) == 0));
        assert!((0..200).all(|_| generator.below(u32::MAX) < 1 << 31));
    }
}
