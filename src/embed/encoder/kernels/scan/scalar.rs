//! What a scan computes, in plain Rust: the definition that the other paths are tested against.

use super::{CODE_BLOCK, PLANES, QueryWord};

/// For each row of signed bytes, the sum of its products with `query`.
pub(super) fn dot_rows(rows: &[u8], query: &[i8], dots: &mut [i32]) {
    for (row, dot) in rows.chunks_exact(query.len()).zip(dots) {
        let products = row.iter().zip(query);
        *dot = products.map(|(a, b)| i32::from(a.cast_signed()) * i32::from(*b)).sum();
    }
}

/// For each row of bits, the sum of the query's components where the bit is set: the digits of
/// two's complement are worth 1, 2, 4 and -8.
pub(super) fn code_products(codes: &[u64], query: &[QueryWord], products: &mut [i32]) {
    let blocks = codes.chunks_exact(query.len() * CODE_BLOCK);
    for (block, products) in blocks.zip(products.as_chunks_mut::<CODE_BLOCK>().0) {
        *products = [0; CODE_BLOCK];
        for (words, planes) in block.as_chunks::<CODE_BLOCK>().0.iter().zip(query) {
            for (word, product) in words.iter().zip(&mut *products) {
                let [one, two, four, eight]: [i32; PLANES] =
                    planes.map(|plane| (word & plane).count_ones().cast_signed());
                *product += one + 2 * two + 4 * four - 8 * eight;
            }
        }
    }
}
