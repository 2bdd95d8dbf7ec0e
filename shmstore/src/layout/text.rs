//! Text built at compile time, for messages that name fields and numbers.

/// Enough for a message with two long names in it.
const CAPACITY: usize = 512;

/// A text of up to 512 bytes. A piece that does not fit is left out.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Text {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0 }
    }

    pub(crate) const fn str(self, piece: &str) -> Self {
        self.bytes_whole(piece.as_bytes())
    }

    pub(crate) const fn number(self, number: usize) -> Self {
        let mut digits = [0; 20];
        let mut first = digits.len();
        let mut rest = number;
        loop {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes_whole(digits.split_at(first).1)
    }

    pub(crate) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }

    /// Appends a piece whole or not at all, so that no character is cut in two.
    const fn bytes_whole(mut self, piece: &[u8]) -> Self {
        if piece.len() <= CAPACITY - self.len {
            let mut at = 0;
            while at < piece.len() {
                self.bytes[self.len] = piece[at];
                self.len += 1;
                at += 1;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        let text = Text::new().number(0).str(" ").number(9).str(" ").number(10).str(" ").number(usize::MAX);
        assert_eq!(text.as_str(), format!("0 9 10 {}", usize::MAX));
    }

    #[test]
    fn a_piece_that_does_not_fit_is_left_out_whole() {
        let text = Text::new().str(&"é".repeat(255)).str("éé").str("ab");
        assert_eq!(text.as_str(), "é".repeat(255) + "ab");
    }
}
