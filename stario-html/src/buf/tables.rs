//! Tables for the routines that write numbers and entities.

/// The digits of 0 to 99.
pub(super) static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n: u8 = 0;
    while n < 100 {
        pairs[n as usize] = [b'0' + n / 10, b'0' + n % 10];
        n += 1;
    }
    pairs
};

/// The digits of 0 to 999 without leading zeros, and in the last byte how many there are.
#[allow(clippy::cast_possible_truncation)]
pub(super) static SHORT_NUMBERS: [[u8; 4]; 1000] = {
    let mut numbers = [[b'0', 0, 0, 1]; 1000];
    let mut n = 1;
    while n < 1000 {
        let mut digits = 0;
        let mut unit = if n < 10 {
            1
        } else if n < 100 {
            10
        } else {
            100
        };
        while unit > 0 {
            numbers[n][digits] = b'0' + (n / unit % 10) as u8;
            digits += 1;
            unit /= 10;
        }
        numbers[n][3] = digits as u8;
        n += 1;
    }
    numbers
};

/// Entities, for the routine that copies eight bytes at a time.
#[cfg(all(target_arch = "x86_64", not(stario_portable)))]
pub(super) mod entities {
    use crate::escape::{Quote, entity};

    /// Entities padded to eight bytes, and their lengths, by the low six bits of the character, which tell all of them apart.
    type Entities = [([u8; 8], u8); 64];

    pub(in crate::buf) static DOUBLE_ENTITIES: Entities = entities(Quote::Double);
    pub(in crate::buf) static SINGLE_ENTITIES: Entities = entities(Quote::Single);

    const fn entities(quote: Quote) -> Entities {
        let mut entities = [([0; 8], 0); 64];
        let mut byte: u8 = 0;
        while byte < 128 {
            if let Some(name) = entity(byte, quote) {
                let name = name.as_bytes();
                let slot = &mut entities[(byte % 64) as usize];
                while (slot.1 as usize) < name.len() {
                    slot.0[slot.1 as usize] = name[slot.1 as usize];
                    slot.1 += 1;
                }
            }
            byte += 1;
        }
        entities
    }
}
