//! AVX2: two registers are one chunk.

use std::arch::asm;
use std::arch::x86_64::*;

use super::tape::Machine;
use crate::index::QUOTED;

/// Needs what [`is_here`] asks for.
pub(super) struct Avx2;

/// Whether this processor can run it.
pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("pclmulqdq")
}

/// One bit for each byte of the chunk whose comparison holds.
///
/// # Safety
/// [`is_here`].
#[inline(always)]
unsafe fn bits(chunk: &[u8; 64], compare: impl Fn(__m256i) -> __m256i) -> u64 {
    // SAFETY: as promised; the loads are of 32 of the 64 bytes each.
    unsafe {
        let low = compare(_mm256_loadu_si256(chunk.as_ptr().cast()));
        let high = compare(_mm256_loadu_si256(chunk.as_ptr().add(32).cast()));
        u64::from(move_mask(low)) | u64::from(move_mask(high)) << 32
    }
}

/// `_mm256_movemask_epi8`, of which the compiler knows nothing: it would take what is done with the bits for operations on
/// vectors of single bits, and build those one by one.
///
/// # Safety
/// [`is_here`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn move_mask(bytes: __m256i) -> u32 {
    let mask: u32;
    // SAFETY: the processor has the instruction, which does nothing but what is said here.
    unsafe {
        asm!("vpmovmskb {mask:e}, {bytes}", mask = lateout(reg) mask, bytes = in(ymm_reg) bytes,
            options(pure, nomem, nostack, preserves_flags));
    }
    mask
}

impl Machine for Avx2 {
    #[inline(always)]
    unsafe fn equal(chunk: &[u8; 64], byte: u8) -> u64 {
        // SAFETY: the processor has the instructions.
        unsafe {
            let byte = _mm256_set1_epi8(byte as i8);
            bits(chunk, |half| _mm256_cmpeq_epi8(half, byte))
        }
    }

    #[inline(always)]
    unsafe fn at_most(chunk: &[u8; 64], byte: u8) -> u64 {
        // SAFETY: the processor has the instructions.
        unsafe {
            let byte = _mm256_set1_epi8(byte as i8);
            bits(chunk, |half| _mm256_cmpeq_epi8(_mm256_max_epu8(half, byte), byte))
        }
    }

    #[inline(always)]
    unsafe fn prefix_xor(bits: u64) -> u64 {
        // SAFETY: the processor has the instructions. Multiplying by all ones without carry adds up the bits below.
        unsafe {
            let product = _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, bits as i64), _mm_set1_epi8(-1));
            _mm_cvtsi128_si64(product) as u64
        }
    }

    #[inline(always)]
    unsafe fn extract(bits: u64, mask: u64) -> u64 {
        // SAFETY: the processor has the instruction.
        unsafe { _pext_u64(bits, mask) }
    }

    #[inline(always)]
    unsafe fn write_ends(out: &mut [u32; 64], base: u32, ends: u64, quoted: u64) {
        let n = ends.count_ones() as usize;
        let mut left = ends;
        // Eight at a time, without asking after each whether it is the last.
        for (at, eight) in out.chunks_exact_mut(8).enumerate() {
            for (bit, end) in eight.iter_mut().enumerate() {
                let flag = ((quoted >> (at * 8 + bit)) as u32 & 1) << QUOTED.trailing_zeros();
                *end = (base + left.trailing_zeros()) | flag;
                left &= left.wrapping_sub(1);
            }
            if n <= (at + 1) * 8 {
                break;
            }
        }
    }
}
