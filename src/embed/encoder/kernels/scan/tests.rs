//! 1. Every path computes the integers that plain arithmetic gives, on random and extreme bytes.
//! 2. Picked rows score as they do among all.

use proptest::prelude::*;

use super::*;

fn paths() -> Vec<Scan> {
    let mut paths = vec![ScanPath::Scalar];
    #[cfg(target_arch = "x86_64")]
    paths.extend([ScanPath::Avx2, ScanPath::Avx512]);
    paths.into_iter().filter_map(Scan::on).collect()
}

fn random(mut seed: u64) -> impl FnMut() -> u64 {
    move || {
        // SplitMix64: Steele, Lea, Flood, OOPSLA 2014.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

proptest! {
    #[test]
    fn dot_products_are_exact(seed: u64, rows in 0_usize..9, lines in 1_usize..7) {
        let mut next = random(seed);
        let mut byte = || next().to_le_bytes()[0];
        let width = lines * ROW_ALIGNMENT;
        let bytes: Vec<u8> = (0..rows * width).map(|_| byte()).collect();
        let query: Vec<i8> = (0..width).map(|_| byte().cast_signed()).collect();
        let exact = |row: &[u8]| -> i64 {
            row.iter().zip(&query).map(|(a, b)| i64::from(a.cast_signed()) * i64::from(*b)).sum()
        };
        for scan in paths() {
            let mut dots = vec![0; rows];
            scan.dot_rows(&bytes, &query, &mut dots);
            for (row, dot) in bytes.chunks_exact(width).zip(&dots) {
                prop_assert_eq!(i64::from(*dot), exact(row));
            }
            let picks: Vec<u32> = (0..rows as u32).rev().step_by(2).collect();
            let mut picked = vec![0; picks.len()];
            scan.dot_picked(&bytes, &picks, &query, &mut picked);
            for (pick, dot) in picks.iter().zip(picked) {
                prop_assert_eq!(dot, dots[*pick as usize]);
            }
        }
    }

    #[test]
    fn code_products_are_exact(seed: u64, blocks in 0_usize..4, words in 1_usize..70) {
        let mut next = random(seed);
        let codes: Vec<u64> = (0..blocks * words * CODE_BLOCK).map(|_| next()).collect();
        let query: Vec<QueryWord> = (0..words).map(|_| [next(), next(), next(), next()]).collect();
        let component = |at: usize| -> i64 {
            let digit = |plane: usize| ((query[at / 64][plane] >> (at % 64)) & 1).cast_signed();
            digit(0) + 2 * digit(1) + 4 * digit(2) - 8 * digit(3)
        };
        for scan in paths() {
            let mut products = vec![0; blocks * CODE_BLOCK];
            scan.code_products(&codes, &query, &mut products);
            for (row, product) in products.into_iter().enumerate() {
                let block = &codes[row / CODE_BLOCK * words * CODE_BLOCK..];
                let bit = |at: usize| (block[at / 64 * CODE_BLOCK + row % CODE_BLOCK] >> (at % 64)) & 1;
                let exact: i64 =
                    (0..words * 64).filter(|&at| bit(at) == 1).map(component).sum();
                prop_assert_eq!(i64::from(product), exact);
            }
        }
    }
}

#[test]
fn extreme_values_do_not_overflow() {
    for scan in paths() {
        for width in [64, 128, 384, 32_768] {
            for (row, query) in
                [(128_u8, -128_i8), (127, 127), (128, 127), (127, -128), (0, 5), (255, 1)]
            {
                let mut dots = [0; 3];
                scan.dot_rows(&vec![row; 3 * width], &vec![query; width], &mut dots);
                assert_eq!(
                    dots,
                    [(width as u32).cast_signed() * i32::from(row.cast_signed()) * i32::from(query);
                        3]
                );
            }
        }
        let mut products = [0; CODE_BLOCK];
        scan.code_products(
            &vec![u64::MAX; 512 * CODE_BLOCK],
            &vec![[0, 0, 0, u64::MAX]; 512],
            &mut products,
        );
        assert_eq!(products, [-8 * 32_768; CODE_BLOCK]);
    }
}
