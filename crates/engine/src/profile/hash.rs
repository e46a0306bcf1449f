//! A 64-bit hash of a cell. Fixed, without a seed of the process, because the statistics made from it must
//! repeat.

const SECRET: [u64; 3] = [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3];

/// Hashes bytes; every bit of the result depends on every bit of the input (the folded multiplication of
/// wyhash, Wang Yi 2019).
///
/// Someone who wants two cells with one hash can make them: use it for statistics, never for decisions on
/// data.
pub(super) fn hash64(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let (a, b, seed) = match len {
        0 => (0, 0, SECRET[0]),
        1..=3 => (
            u64::from(bytes[0]) << 16 | u64::from(bytes[len / 2]) << 8 | u64::from(bytes[len - 1]),
            0,
            SECRET[0],
        ),
        4..=7 => (read_u32(bytes), read_u32(&bytes[len - 4..]), SECRET[0]),
        8..=16 => (read_u64(bytes), read_u64(&bytes[len - 8..]), SECRET[0]),
        _ => {
            let mut seed = SECRET[0];
            let mut rest = bytes;
            while rest.len() > 16 {
                seed = fold(read_u64(rest) ^ SECRET[1], read_u64(&rest[8..]) ^ seed);
                rest = &rest[16..];
            }
            (read_u64(&bytes[len - 16..]), read_u64(&bytes[len - 8..]), seed)
        }
    };
    fold(SECRET[1] ^ len as u64, fold(a ^ SECRET[1], b ^ seed) ^ SECRET[2])
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

fn read_u64(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(word)
}

fn read_u32(bytes: &[u8]) -> u64 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[..4]);
    u64::from(u32::from_le_bytes(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_values_get_far_hashes() {
        let mut hashes: Vec<u64> = (0..200_000u32).map(|n| hash64(n.to_string().as_bytes())).collect();
        hashes.extend((0..40).map(|n| hash64(&vec![b'a'; n])));
        let ones: u64 = hashes.iter().map(|h| u64::from(h.count_ones())).sum();
        let share = ones as f64 / (hashes.len() as f64 * 64.0);
        assert!((share - 0.5).abs() < 0.001, "share of one bits is {share}");
        let n = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), n);
    }
}
