//! What does one step of arithmetic do to sixteen numbers at once?
//!
//! The numerics of the encoder are written once, over [`Lanes`], in `glue`. Each operation here
//! is one IEEE 754 operation per lane, correctly rounded, and nothing is contracted (a product
//! followed by a sum is two roundings), so that every implementation of the trait gives the
//! same bits. This module does not know what the numbers mean.

/// Numbers in a group of lanes.
pub(super) const LANES: usize = 16;

/// Sixteen f32 that go through the same arithmetic side by side.
pub(super) trait Lanes: Copy {
    /// The same number in every lane.
    fn splat(value: f32) -> Self;
    /// Sixteen consecutive numbers.
    fn load(from: &[f32; LANES]) -> Self;
    /// Sixteen consecutive bytes as numbers.
    fn load_bytes(from: &[i8; LANES]) -> Self;
    /// Writes the lanes out.
    fn store(self, to: &mut [f32; LANES]);
    /// Sum, lane by lane.
    fn add(self, other: Self) -> Self;
    /// Difference, lane by lane.
    fn sub(self, other: Self) -> Self;
    /// Product, lane by lane.
    fn mul(self, other: Self) -> Self;
    /// Quotient, lane by lane.
    fn div(self, other: Self) -> Self;
    /// The greater of both, lane by lane; `other` where they do not compare.
    fn max(self, other: Self) -> Self;
    /// The lesser of both, lane by lane; `other` where they do not compare.
    fn min(self, other: Self) -> Self;
    /// Magnitude, lane by lane.
    fn abs(self) -> Self;
    /// The magnitude of `self` with the sign of `sign`, lane by lane.
    fn with_sign_of(self, sign: Self) -> Self;
    /// Adds the low bits of `steps` to the exponent of `self`: a product with a power of two
    /// whose exponent was brought into the low bits of a float by adding `glue::ROUNDER`.
    fn shift_exponent(self, steps: Self) -> Self;
    /// The lowest byte of the bits of each lane.
    fn store_low_bytes(self, to: &mut [u8; LANES]);

    /// The lanes as an array.
    #[inline(always)]
    fn to_array(self) -> [f32; LANES] {
        let mut array = [0.0; LANES];
        self.store(&mut array);
        array
    }

    /// The sum of all lanes, halves first: lane i with lane i + 8, then + 4, + 2, + 1.
    #[inline(always)]
    fn sum(self) -> f32 {
        let mut lanes = self.to_array();
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
        }
        lanes[0]
    }

    /// The greatest lane.
    #[inline(always)]
    fn greatest(self) -> f32 {
        self.to_array().into_iter().fold(f32::MIN, |most, x| if x > most { x } else { most })
    }

    /// The least lane.
    #[inline(always)]
    fn least(self) -> f32 {
        self.to_array().into_iter().fold(f32::MAX, |least, x| if x < least { x } else { least })
    }
}
