//! AVX-512 with VBMI2: one register is one chunk.

use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::tape::Machine;
use crate::index::QUOTED;

/// Needs what [`is_here`] asks for.
pub(super) struct Avx512;

/// Whether this processor can run it.
pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("pclmulqdq")
}

const PLACES: [u8; 64] = {
    let mut places = [0; 64];
    let mut at = 0;
    while at < 64 {
        places[at] = at as u8;
        at += 1;
    }
    places
};

impl Machine for Avx512 {
    #[inline(always)]
    unsafe fn equal(chunk: &[u8; 64], byte: u8) -> u64 {
        // SAFETY: the processor has the instructions; the load is of 64 bytes that are there.
        unsafe {
            let chunk = _mm512_loadu_si512(chunk.as_ptr().cast());
            _mm512_cmpeq_epi8_mask(chunk, _mm512_set1_epi8(byte as i8))
        }
    }

    #[inline(always)]
    unsafe fn at_most(chunk: &[u8; 64], byte: u8) -> u64 {
        // SAFETY: the processor has the instructions; the load is of 64 bytes that are there.
        unsafe {
            let chunk = _mm512_loadu_si512(chunk.as_ptr().cast());
            _mm512_cmple_epu8_mask(chunk, _mm512_set1_epi8(byte as i8))
        }
    }

    #[inline(always)]
    unsafe fn prefix_xor(bits: u64) -> u64 {
        // SAFETY: it needs PCLMULQDQ, which is asked for here, too.
        unsafe { Avx2::prefix_xor(bits) }
    }

    #[inline(always)]
    unsafe fn extract(bits: u64, mask: u64) -> u64 {
        // SAFETY: it needs BMI2, which is asked for here, too.
        unsafe { Avx2::extract(bits, mask) }
    }

    #[inline(always)]
    unsafe fn write_ends(out: &mut [u32; 64], base: u32, ends: u64, quoted: u64) {
        let n = ends.count_ones();
        // SAFETY: the processor has the instructions; each of the four stores is of 16 of the 64 numbers.
        unsafe {
            let places = _mm512_loadu_si512(PLACES.as_ptr().cast());
            let packed = _mm512_maskz_compress_epi8(ends, places);
            let base = _mm512_set1_epi32(base as i32);
            let flag = _mm512_set1_epi32(QUOTED as i32);
            let to = out.as_mut_ptr();
            let store = |at: usize, sixteen: __m128i| {
                let numbers = _mm512_add_epi32(_mm512_cvtepu8_epi32(sixteen), base);
                let flagged = _mm512_mask_or_epi32(numbers, (quoted >> at) as u16, numbers, flag);
                _mm512_storeu_si512(to.add(at).cast(), flagged);
            };
            store(0, _mm512_extracti32x4_epi32::<0>(packed));
            if n > 16 {
                store(16, _mm512_extracti32x4_epi32::<1>(packed));
            }
            if n > 32 {
                store(32, _mm512_extracti32x4_epi32::<2>(packed));
                store(48, _mm512_extracti32x4_epi32::<3>(packed));
            }
        }
    }
}
