//! Where in a text what kinds of bytes are: a bit for each byte and kind. To find where words and numbers begin
//! and end takes a few operations for 64 bytes at once, and no guesses that a processor could get wrong.

/// Bytes of a block.
const WIDTH: usize = 64;

/// Kinds of bytes; what a byte is of several is the sum.
const PLAIN: u8 = 1;
const SOFT: u8 = 2;
const OTHER: u8 = 4;
const DIGIT: u8 = 8;
const NUMERAL: u8 = 16;
const QUOTE: u8 = 32;
const BASE64: u8 = 64;
const ESCAPE: u8 = 128;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut at = 0;
    while at < 256 {
        kinds[at] = match at as u8 {
            b'0'..=b'9' => PLAIN | DIGIT | NUMERAL | BASE64,
            b'a'..=b'z' | b'A'..=b'Z' => PLAIN | BASE64,
            b'-' | b'_' | b'+' => SOFT | NUMERAL | BASE64,
            b'.' => SOFT | NUMERAL,
            b'@' => SOFT,
            b'/' => NUMERAL | BASE64,
            b' ' | b'(' | b')' => NUMERAL,
            b'"' => QUOTE,
            b'\\' | b'%' => ESCAPE,
            128.. => OTHER,
            _ => 0,
        };
        at += 1;
    }
    kinds
};

/// What 64 bytes are, the first one in the lowest bit.
#[derive(Clone, Copy, Default)]
pub(super) struct Block {
    /// Of a word: ASCII letters and digits, and `.`, `@`, `_`, `-`, `+` between two of them.
    pub words: u64,
    /// Of letters outside ASCII.
    pub others: u64,
    /// ASCII letters and digits.
    pub plain: u64,
    /// Digits, and what may separate those of one number.
    pub numerals: u64,
    /// Quotation marks.
    pub quotes: u64,
    /// Signs of base64 and of its variant for addresses on the web.
    pub base64: u64,
}

/// A map of one text.
#[derive(Default)]
pub(super) struct Map {
    blocks: Vec<Block>,
    /// Whether there is a letter.
    pub letters: bool,
    /// Whether there is anything outside ASCII.
    pub others: bool,
    /// Whether there is a backslash or a percent sign.
    pub escapes: bool,
}

impl Map {
    /// Draws it anew.
    pub(super) fn draw(&mut self, text: &[u8]) {
        self.blocks.clear();
        let (mut letters, mut others, mut escapes) = (0, 0, 0);
        let (mut before, mut last_soft) = (0, 0);
        for chunk in text.chunks(WIDTH) {
            let [plain, soft, other, digits, numerals, quotes, base64, escape] = masks(chunk);
            letters |= plain & !digits | other;
            others |= other;
            escapes |= escape;
            before = self.join(before, last_soft, plain);
            last_soft = soft;
            self.blocks.push(Block { words: plain, others: other, plain, numerals, quotes, base64 });
        }
        self.join(before, last_soft, 0);
        (self.letters, self.others, self.escapes) = (letters != 0, others != 0, escapes != 0);
    }

    /// Makes soft bytes of the last block part of words where they stand between two plain ones. `before` is
    /// the last byte of the block before, `next` is what is plain in the one after; returns its last byte.
    #[inline]
    fn join(&mut self, before: u64, soft: u64, next: u64) -> u64 {
        let Some(last) = self.blocks.last_mut() else { return 0 };
        let plain = last.words;
        last.words |= soft & (plain << 1 | before) & (plain >> 1 | next << 63);
        plain >> 63
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Whether there is any between two places.
    pub(super) fn any(&self, start: usize, end: usize, of: impl Fn(&Block) -> u64) -> bool {
        (start / WIDTH..end.div_ceil(WIDTH)).any(|index| {
            let after = !0 << start.saturating_sub(index * WIDTH);
            let past = end - index * WIDTH;
            let before = if past < WIDTH { !(!0 << past) } else { !0 };
            self.blocks.get(index).is_some_and(|block| of(block) & after & before != 0)
        })
    }

    /// Where the run that holds `at` ends.
    #[inline]
    pub(super) fn end(&self, at: usize, of: impl Fn(&Block) -> u64) -> usize {
        let (mut block, offset) = (at / WIDTH, at % WIDTH);
        let Some(first) = self.blocks.get(block) else { return at };
        let mut end = at + (!(of(first) >> offset)).trailing_zeros() as usize;
        while end == (block + 1) * WIDTH {
            block += 1;
            let Some(next) = self.blocks.get(block) else { break };
            end += (!of(next)).trailing_zeros() as usize;
        }
        end
    }

    /// Runs of at least `LEAST` bytes, a power of two up to 16.
    pub(super) fn runs<const LEAST: u32>(&self, of: impl Fn(&Block) -> u64, mut hear: impl FnMut(usize, usize)) {
        let mut done = 0;
        for (index, block) in self.blocks.iter().enumerate() {
            let next = self.blocks.get(index + 1).map_or(0, &of);
            // A bit stays where a run goes on for so long.
            let mut long = u128::from(next) << 64 | u128::from(of(block));
            let mut length = 1;
            while length < LEAST {
                long &= long >> length;
                length *= 2;
            }
            let mut long = long as u64;
            while long != 0 {
                let start = index * WIDTH + long.trailing_zeros() as usize;
                if start >= done {
                    done = self.end(start, &of);
                    hear(start, done);
                }
                let passed = done - index * WIDTH;
                long = if passed < WIDTH { long & !0 << passed } else { 0 };
            }
        }
    }
}

/// Of up to 64 bytes, a mask for each kind.
#[inline]
fn masks(bytes: &[u8]) -> [u64; 8] {
    let mut masks = [0; 8];
    let mut add = |at: usize, eight: &[u8; 8]| {
        let kinds = transposed(u64::from_le_bytes(eight.map(|byte| KINDS[usize::from(byte)])));
        for (kind, mask) in masks.iter_mut().enumerate() {
            *mask |= (kinds >> (8 * kind) & 0xff) << (8 * at);
        }
    };
    let (eights, rest) = bytes.as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        add(at, eight);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        add(eights.len(), &last);
    }
    masks
}

/// Eight bytes as a square of bits, mirrored on its diagonal (Warren, Hacker's Delight, section 7-3).
#[inline]
fn transposed(mut square: u64) -> u64 {
    for (by, mask) in [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0)] {
        let changed = (square ^ square >> by) & mask;
        square ^= changed ^ changed << by;
    }
    square
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs<const LEAST: u32>(text: &str, of: impl Fn(&Block) -> u64) -> Vec<&str> {
        let (mut map, mut runs) = (Map::default(), Vec::new());
        map.draw(text.as_bytes());
        map.runs::<LEAST>(of, |start, end| runs.push(&text[start..end]));
        runs
    }

    #[test]
    fn runs_end_where_their_kind_does_in_whichever_block() {
        for before in [0, 1, 50, 56, 57, 60, 62, 63, 64, 65, 120, 128] {
            let before = "!".repeat(before);
            let from = before.len();
            let mut map = Map::default();
            map.draw(format!("{before}ab김cd").as_bytes());
            let others = |start, end| map.any(start, end, |block| block.others);
            assert!(
                !others(0, from + 2)
                    && others(0, from + 3)
                    && others(from + 4, from + 7)
                    && !others(from + 5, from + 7)
            );
            let text = format!("{before}kim.minsu+a@x-y.kr. .a.,b..c@");
            assert_eq!(runs::<1>(&text, |block| block.words), ["kim.minsu+a@x-y.kr", "a", "b", "c"], "{text}");
            let text = format!("{before}1234567!010-1234-5678!x12345678");
            assert_eq!(runs::<8>(&text, |block| block.numerals), ["010-1234-5678", "12345678"], "{text}");
            let long = "ab+/".repeat(60);
            let text = format!("{before}{long}=abcdefghijklmno%abcdefghijklmnop김");
            assert_eq!(runs::<16>(&text, |block| block.base64), [long.as_str(), "abcdefghijklmnop"], "{text}");
        }
    }

    #[test]
    fn it_says_what_there_is() {
        let mut map = Map::default();
        for (text, letters, others, escapes) in [
            ("", false, false, false),
            ("010-1234", false, false, false),
            ("010-1234x", true, false, false),
            ("김", true, true, false),
            (r"1\2", false, false, true),
            ("1%", false, false, true),
        ] {
            map.draw(text.as_bytes());
            assert_eq!((map.letters, map.others, map.escapes), (letters, others, escapes), "{text}");
        }
    }
}
